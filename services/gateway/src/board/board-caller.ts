import { allow, bearerToken, type Principal } from '@parkade/identity';
import { Reason } from '@parkade/proto';
import { Refused } from '@parkade/rpc';
import type { FastifyRequest } from 'fastify';
import type { BoardDeps } from './board-deps.js';

export interface BoardCaller {
  readonly principal: Principal;
  readonly tenantId: string;
}

/** Who calls. */
export async function recognise(request: FastifyRequest, deps: BoardDeps): Promise<Principal | Refused> {
  return deps.authenticator.authenticate(bearerToken(request.headers.authorization));
}

/** Who wants to see a tenant's board (empty: the one the token is for), and may. */
export async function viewer(request: FastifyRequest, named: string, deps: BoardDeps): Promise<BoardCaller | Refused> {
  const principal = await recognise(request, deps);
  if (principal instanceof Refused) return principal;
  const tenantId = named === '' ? onlyTenant(principal) : named;
  if (tenantId === undefined || !/^[\x21-\x7e]{1,64}$/.test(tenantId)) {
    const message = 'Name the tenant: 1 to 64 printable ASCII characters without blanks.';
    return new Refused(Reason.INVALID_FIELD, message, { field: 'tenant' });
  }
  return allow(principal, 'view', tenantId) ?? (await deps.tenant(tenantId)) ?? { principal, tenantId };
}

function onlyTenant({ tenants }: Principal): string | undefined {
  const [only, ...others] = tenants.keys();
  return others.length === 0 ? only : undefined;
}
