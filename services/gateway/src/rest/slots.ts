import { allow } from '@parkade/identity';
import { Refused } from '@parkade/rpc';
import { Type } from 'typebox';
import type { HttpDeps } from '../http/plugins.js';
import { respond } from './answers.js';
import type { Api } from './rest-api.js';
import { problems } from './schemas/common.js';
import { slotJson, slotSchema } from './slot-view.js';

/** `/slots`: what is parked just now. */
export function slotRoutes(api: Api, deps: HttpDeps): void {
  api.get(
    '/slots',
    {
      config: { rights: { action: 'view', inLots: true } },
      schema: {
        tags: ['Slots'],
        operationId: 'listSlots',
        summary: 'List slots in use',
        description:
          'By lot, then slot, merged from their owners: each slot is current, the list is not one snapshot. Who may see single lots ' +
          'names one.',
        querystring: Type.Object(
          {
            lot_id: Type.Optional(Type.String({ description: 'Only this lot.' })),
            top: Type.Optional(
              Type.Integer({ minimum: 1, maximum: 1_000, default: 100, description: 'Slots of a page.' }),
            ),
            after: Type.Optional(
              Type.String({ description: 'Goes on where an earlier page ended: `rel="next"` of `Link`.' }),
            ),
          },
          { additionalProperties: false },
        ),
        response: { 200: Type.Object({ items: Type.Array(slotSchema) }, { description: 'OK' }), ...problems },
      },
    },
    (request, reply) =>
      respond(
        request,
        reply,
        // Whether the tenant exists is for the list to say: who is parked outlives its settings.
        { ...deps, tenant: () => undefined },
        ({ principal, tenantId }) => {
          const { lot_id: lotId = '', top = 100, after = '' } = request.query;
          const refused = allow(principal, 'view', tenantId, lotId === '' ? undefined : lotId);
          if (refused instanceof Refused) return refused;
          return deps.listSlots({ tenantId, lotId, states: [], pageSize: top, pageToken: after });
        },
        ({ slots, nextPageToken }) => {
          if (nextPageToken !== '') {
            const url = new URL(request.url, 'http://localhost');
            url.searchParams.set('after', nextPageToken);
            void reply.header('link', `<${url.pathname}${url.search}>; rel="next"`);
          }
          return { items: slots.map(slotJson) };
        },
      ),
  );
}
