import { permit } from '@parkade/identity';
import {
  Consistency,
  ExtendParkRequest,
  MoveParkRequest,
  ReleaseCause,
  ReleaseRequest,
  RenewPolicyRequest,
} from '@parkade/proto';
import { toDuration } from '@parkade/rpc';
import { type Static, type TSchema, Type } from 'typebox';
import type { PublicCommand } from '../commands/public-command.js';
import type { RouteRights } from '../http/caller.js';
import type { HttpDeps } from '../http/plugins.js';
import { hasAlready, tagged } from '../http/revisions.js';
import { respond } from './answers.js';
import { doCommand, requestIdOf, retrieveCommand } from './park-commands.js';
import type { Api } from './rest-api.js';
import { noQuery, problems } from './schemas/common.js';
import { idempotencyKey, name, recallIn, retrieveBody } from './schemas/parks.js';
import { placedParkJson, placedParkSchema } from './slot-view.js';

const params = Type.Object({ park_id: name('The id of the park: of one stay of one call in one slot.') });

/** What a change of a park is asked with. */
interface Asked {
  readonly tenantId: string;
  readonly parkId: string;
  readonly requestId: string;
}

/** `/parks/{park_id}`: one call, by the id of its stay, which never means another call. */
export function parkChangeRoutes(api: Api, deps: HttpDeps): void {
  // Whether the tenant exists is for the park's owner to say: who is parked outlives its settings.
  const owned = { ...deps, tenant: () => undefined };

  api.get(
    '/parks/:park_id',
    {
      config: { rights: { action: 'view', inLots: true } },
      schema: {
        tags: ['Parks'],
        operationId: 'showPark',
        summary: 'Retrieve a park',
        params,
        querystring: noQuery,
        response: { 200: { ...placedParkSchema, description: 'OK' }, ...problems },
      },
    },
    (request, reply) =>
      respond(
        request,
        reply,
        owned,
        async ({ principal, tenantId }) => {
          const { park_id: parkId } = request.params;
          const refused = await permit(principal, [{ action: 'view', tenantId, where: { parkId } }], deps.lotOf);
          if (refused !== undefined) return refused;
          const by = { $case: 'parkId', value: parkId } as const;
          return deps.getPark({ tenantId, by, consistency: Consistency.FENCED });
        },
        ({ park }) => {
          if (park === undefined) throw new Error('a park was found and is not there');
          tagged(reply, park.revision);
          if (!hasAlready(request, park.revision)) return placedParkJson(park);
          void reply.code(304);
          return undefined;
        },
      ),
  );

  change('retrieve', 'retrieveCall', 'Retrieve this call', { action: 'retrieve', inLots: true }, retrieveBody, {
    command: ({ tenantId, requestId, parkId }, body) => retrieveCommand(tenantId, requestId, { parkId }, body),
    done: 'The park that was taken',
  });
  const move = Type.Object({ lot_id: Type.Optional(name('The lot; absent: `default`.')), slot: name('The slot.') });
  change('move', 'moveCall', 'Move the call to another slot', { action: 'park', inLots: true }, closed(move), {
    command: (park, { lot_id: lotId = '', slot }) => ({
      $case: 'movePark',
      value: MoveParkRequest.fromPartial({ ...park, slot: { lotId, slot } }),
    }),
    done: 'The park that it is now: with its parker, note and deadline, and an id of its own',
  });
  const extend = Type.Object({ recall_in: recallIn });
  change('extend', 'extendPark', 'Set when the call comes back', { action: 'park', inLots: true }, closed(extend), {
    command: (park, { recall_in: seconds }) => ({
      $case: 'extendPark',
      value: { ...ExtendParkRequest.fromPartial(park), recallIn: toDuration(seconds * 1_000) },
    }),
    done: 'The park',
  });
  const summary = 'Bring the call under the settings as they are now';
  change('renew_policy', 'renewPolicy', summary, { action: 'park', inLots: true }, closed(Type.Object({})), {
    command: (park) => ({ $case: 'renewPolicy', value: RenewPolicyRequest.fromPartial(park) }),
    done: 'The park, with its deadline set anew; what its call or flow said for itself is kept',
  });
  const release = Type.Object({
    call_id: Type.Optional(
      Type.String({ minLength: 1, maxLength: 128, description: 'Only where this call is parked.' }),
    ),
  });
  change('release', 'releaseCall', 'Free the slot', { action: 'park', inLots: true }, closed(release), {
    command: (park, { call_id: callId = '' }) => ({
      $case: 'release',
      value: ReleaseRequest.fromPartial({ ...park, cause: ReleaseCause.RELEASED, callId }),
    }),
    done: 'The park that has ended',
  });

  function change<Body extends TSchema>(
    verb: string,
    operationId: string,
    summary: string,
    rights: RouteRights,
    body: Body,
    { command, done }: { command: (asked: Asked, body: Static<Body>) => PublicCommand; done: string },
  ): void {
    api.post(
      `/parks/:park_id/${verb}`,
      {
        config: { rights },
        schema: {
          tags: ['Parks'],
          operationId,
          summary,
          params,
          querystring: noQuery,
          headers: idempotencyKey,
          body,
          response: { 200: { ...placedParkSchema, description: done }, ...problems },
        },
      },
      (request, reply) =>
        respond(
          request,
          reply,
          owned,
          (caller) => {
            const { park_id: parkId } = request.params as { readonly park_id: string };
            const asked = { tenantId: caller.tenantId, parkId, requestId: requestIdOf(request) };
            return doCommand(request, caller, command(asked, request.body as Static<Body>), deps);
          },
          ({ park, revision }) => {
            tagged(reply, revision);
            return placedParkJson(park);
          },
        ),
    );
  }
}

function closed<Schema extends TSchema>(schema: Schema): Schema {
  return { ...schema, additionalProperties: false };
}
