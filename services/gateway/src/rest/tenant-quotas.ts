import type { TenantQuotas, Written } from '@parkade/admin';
import { MAX_QUOTA, type QUOTA_NAMES } from '@parkade/settings';
import type { FastifyReply } from 'fastify';
import { Type } from 'typebox';
import type { HttpDeps } from '../http/plugins.js';
import { atRevision, tagged } from '../http/revisions.js';
import { respond } from './answers.js';
import type { Api } from './rest-api.js';
import { ifMatch, noQuery, problems, resourceId } from './schemas/common.js';

const tags = ['Tenants'];
const params = Type.Object({ id: resourceId('a tenant') });
const MEANINGS: Readonly<Record<(typeof QUOTA_NAMES)[number], string>> = {
  parked_calls: 'Calls parked or reserved for at a time, in all lots.',
  slots: 'Slots in use at a time, in all lots.',
  watches: 'Watches of slots open at a time.',
  requests_per_second: 'Requests a second, in the long run, at all gateways together.',
  request_burst: 'Requests at once after a pause; absent: those of one second.',
};
const limit = (name: keyof typeof MEANINGS) =>
  Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_QUOTA, description: MEANINGS[name] }));
const quotas = {
  parked_calls: limit('parked_calls'),
  slots: limit('slots'),
  watches: limit('watches'),
  requests_per_second: limit('requests_per_second'),
  request_burst: limit('request_burst'),
};
const answer = Type.Object(
  {
    quotas: Type.Object(quotas, { description: 'As they are set for this tenant.' }),
    in_force: Type.Object(quotas, { description: 'The tenant’s, else the system’s; absent: no bound.' }),
  },
  { description: 'OK' },
);

/** `/tenants/{id}/quotas`: what a tenant may take of the cluster, for operators. */
export function tenantQuotaRoutes(api: Api, deps: HttpDeps): void {
  const { admin } = deps;
  const shown = (reply: FastifyReply, { value, revision }: Written<TenantQuotas>) => {
    tagged(reply, revision);
    return { quotas: value.own, in_force: value.inForce };
  };

  api.get(
    '/tenants/:id/quotas',
    {
      config: { rights: { action: 'operator' } },
      schema: {
        tags,
        operationId: 'showTenantQuotas',
        summary: 'Retrieve what a tenant may take of the cluster',
        params,
        querystring: noQuery,
        response: { 200: answer, ...problems },
      },
    },
    (request, reply) =>
      respond(
        request,
        reply,
        deps,
        () => admin.quotas.show(request.params.id),
        (found) => shown(reply, found),
      ),
  );

  api.post(
    '/tenants/:id/quotas',
    {
      config: { rights: { action: 'operator' } },
      schema: {
        tags,
        operationId: 'putTenantQuotas',
        summary: 'Replace what a tenant may take of the cluster',
        description:
          'Written whole: what is left out is the system’s. In force everywhere within a second; what is parked stays.',
        params,
        querystring: noQuery,
        headers: ifMatch,
        body: Type.Object(quotas, { additionalProperties: false }),
        response: { 200: answer, ...problems },
      },
    },
    (request, reply) =>
      respond(
        request,
        reply,
        deps,
        () => atRevision(request, (options) => admin.quotas.put(request.params.id, request.body, options)),
        (written) => shown(reply, written),
      ),
  );
}
