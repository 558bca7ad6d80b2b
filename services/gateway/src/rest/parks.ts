import { commandNeeds, permit } from '@parkade/identity';
import { Consistency, type Slot } from '@parkade/proto';
import { Refused } from '@parkade/rpc';
import { Type } from 'typebox';
import type { PublicCommand } from '../commands/public-command.js';
import type { HttpDeps } from '../http/plugins.js';
import { hasAlready, tagged } from '../http/revisions.js';
import { respond } from './answers.js';
import { type Done, doCommand, parkCommand, requestIdOf, retrieveCommand } from './park-commands.js';
import type { Api } from './rest-api.js';
import { noQuery, problems } from './schemas/common.js';
import { idempotencyKey, name, parkBody, retrieveBody } from './schemas/parks.js';
import { placedParkJson, placedParkSchema, slotJson, slotSchema } from './slot-view.js';

const slotParams = Type.Object({ lot_id: name('The lot.'), slot: name('The slot; in `_extensions` an extension.') });

/** `/parks` and `/slots/{lot_id}/{slot}`: parks calls, shows a slot, and takes the oldest call of one. */
export function parkRoutes(api: Api, deps: HttpDeps): void {
  // Whether the tenant exists is for the slot's owner to say: who is parked outlives its settings.
  const owned = { ...deps, tenant: () => undefined };

  api.post(
    '/parks',
    {
      config: { rights: { action: 'park', inLots: true } },
      schema: {
        tags: ['Parks'],
        operationId: 'parkCall',
        summary: 'Park a call',
        description: 'In a slot, in any free slot of a lot, at an extension, or at the first free member of a group.',
        querystring: noQuery,
        headers: idempotencyKey,
        body: parkBody,
        response: { 201: { ...placedParkSchema, description: 'Parked' }, ...problems },
      },
    },
    (request, reply) =>
      respond(
        request,
        reply,
        owned,
        (caller) => {
          const command = parkCommand(caller.tenantId, requestIdOf(request), request.body);
          return command instanceof Refused ? command : doCommand(request, caller, command, deps);
        },
        ({ park, revision }: Done) => {
          tagged(reply, revision);
          void reply.code(201).header('location', `/api/parks/${park.parkId}`);
          return placedParkJson(park);
        },
      ),
  );

  api.get(
    '/slots/:lot_id/:slot',
    {
      config: { rights: { action: 'view', inLots: true } },
      schema: {
        tags: ['Slots'],
        operationId: 'showSlot',
        summary: 'Retrieve a slot',
        description: 'As its owner proves it to be; without parks it is free.',
        params: slotParams,
        querystring: noQuery,
        response: { 200: { ...slotSchema, description: 'OK' }, ...problems },
      },
    },
    (request, reply) =>
      respond(
        request,
        reply,
        owned,
        async ({ principal, tenantId }): Promise<Slot | Refused> => {
          const { lot_id: lotId, slot } = request.params;
          const value = { tenantId, slot: { lotId, slot }, consistency: Consistency.FENCED };
          const command: PublicCommand = { $case: 'getSlot', value };
          const refused = await permit(principal, commandNeeds({ command }), deps.lotOf);
          if (refused !== undefined) return refused;
          const answer = await deps.execute(command, undefined);
          if (answer instanceof Refused) return answer;
          if (answer.$case !== 'getSlot' || answer.value.slot === undefined) throw new Error('getSlot had no slot');
          return answer.value.slot;
        },
        (slot) => {
          tagged(reply, slot.revision);
          if (!hasAlready(request, slot.revision)) return slotJson(slot);
          void reply.code(304);
          return undefined;
        },
      ),
  );

  api.post(
    '/slots/:lot_id/:slot/retrieve',
    {
      config: { rights: { action: 'retrieve', inLots: true } },
      schema: {
        tags: ['Slots'],
        operationId: 'retrieveOldestCall',
        summary: 'Retrieve the oldest call of a slot',
        description: 'One of several by its park id: see `/parks/{park_id}/retrieve`.',
        params: slotParams,
        querystring: noQuery,
        headers: idempotencyKey,
        body: retrieveBody,
        response: { 200: { ...placedParkSchema, description: 'The park that was taken' }, ...problems },
      },
    },
    (request, reply) =>
      respond(
        request,
        reply,
        owned,
        (caller) => {
          const { lot_id: lotId, slot } = request.params;
          const from = { lotId, slot };
          const command = retrieveCommand(caller.tenantId, requestIdOf(request), from, request.body);
          return doCommand(request, caller, command, deps);
        },
        ({ park, revision }: Done) => {
          tagged(reply, revision);
          return placedParkJson(park);
        },
      ),
  );
}
