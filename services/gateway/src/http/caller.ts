import {
  type Action,
  allow,
  allowSomewhere,
  type Authenticator,
  bearerToken,
  type Principal,
  type Role,
} from '@parkade/identity';
import { Reason } from '@parkade/proto';
import { Refused } from '@parkade/rpc';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { problemOf, sendProblem } from './problem.js';

/** Names the tenant where the token has rights in several. */
export const TENANT_HEADER = 'parkade-tenant';

/** What a route asks of its caller; every route of the API says one. */
export interface RouteRights {
  /** A role in all of the tenant. `park`, `retrieve` and `view` of slots may be held in single lots: `inLots`. */
  readonly action: Action;
  /** A right in any lot lets in; the route asks again for the lot it is about. */
  readonly inLots?: boolean;
}

/** Who calls, and for which tenant; empty: for the cluster. */
export interface Caller {
  readonly principal: Principal;
  readonly tenantId: string;
}

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller | undefined;
  }
  interface FastifyContextConfig {
    rights?: RouteRights;
  }
}

/**
 * The one place where a REST request becomes somebody's: its bearer token is recognised, its tenant found, its right asked for,
 * before anything of it is read. A route that does not say what it asks for cannot be added.
 */
export function authenticated(app: FastifyInstance, authenticator: Authenticator): void {
  app.decorateRequest('caller', undefined);
  app.addHook('onRoute', (route) => {
    if (route.config?.rights === undefined)
      throw new Error(`${String(route.method)} ${route.url} does not say whose it is`);
  });
  app.addHook('onRequest', async (request, reply) => {
    const { rights } = request.routeOptions.config;
    if (rights === undefined) return;
    const caller = await recognise(request, authenticator, rights);
    if (caller instanceof Refused) return sendProblem(reply, problemOf(caller));
    request.caller = caller;
  });
}

/** The address a request came from, as this process saw it. */
export function peerOf({ socket }: FastifyRequest): string {
  return `${socket.remoteAddress ?? ''}:${socket.remotePort ?? 0}`;
}

/** The caller of a request that was let in. */
export function callerOf(request: FastifyRequest): Caller {
  if (request.caller === undefined) throw new Error('nobody was asked who calls');
  return request.caller;
}

async function recognise(
  request: FastifyRequest,
  authenticator: Authenticator,
  { action, inLots = false }: RouteRights,
): Promise<Caller | Refused> {
  const principal = await authenticator.authenticate(bearerToken(request.headers.authorization));
  if (principal instanceof Refused) return principal;
  // What concerns the cluster is no tenant's.
  const tenantId = action === 'operator' ? '' : tenantOf(request, principal);
  if (tenantId instanceof Refused) return tenantId;
  const refused =
    inLots && action !== 'operator'
      ? allowSomewhere(principal, action satisfies Role, tenantId)
      : allow(principal, action, tenantId);
  return refused ?? { principal, tenantId };
}

function tenantOf(request: FastifyRequest, { tenants }: Principal): string | Refused {
  const named = request.headers[TENANT_HEADER];
  if (typeof named === 'string' && /^[\x21-\x7e]{1,64}$/.test(named)) return named;
  const [only, ...others] = tenants.keys();
  if (named === undefined && only !== undefined && others.length === 0) return only;
  const message = `The header ${TENANT_HEADER} must name the tenant: the token is not for one tenant alone.`;
  return new Refused(Reason.INVALID_FIELD, message, { field: TENANT_HEADER });
}
