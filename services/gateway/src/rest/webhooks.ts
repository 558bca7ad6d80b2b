import { Refused } from '@parkade/rpc';
import { Type } from 'typebox';
import type { HttpDeps } from '../http/plugins.js';
import { atRevision, tagged } from '../http/revisions.js';
import { respond } from './answers.js';
import { recordPageAnswer, recordPages } from './park-history.js';
import type { Api } from './rest-api.js';
import { ifMatch, noQuery, problems, resourceId } from './schemas/common.js';

const tags = ['Webhooks'];
const params = Type.Object({ id: resourceId('a webhook') });
const fields = {
  url: Type.String({ maxLength: 1_024, description: 'Where events are posted: an http or https URL.' }),
  kinds: Type.Array(Type.String(), { description: 'The kinds of events; empty: all.' }),
  enabled: Type.Boolean({ description: 'Whether events are posted. What happens meanwhile is not told later.' }),
};
const webhook = Type.Object({ id: Type.String(), ...fields });
const secret = Type.String({ maxLength: 128, description: '`whsec_` and 24 to 64 bytes in base64.' });

/** `/webhooks`: where the tenant's events are posted, and what was not taken there. */
export function webhookRoutes(api: Api, deps: HttpDeps): void {
  const { webhooks } = deps.admin;

  api.get(
    '/webhooks',
    {
      config: { rights: { action: 'admin' } },
      schema: {
        tags,
        operationId: 'listWebhooks',
        summary: 'List webhooks',
        querystring: noQuery,
        response: { 200: Type.Object({ items: Type.Array(webhook) }, { description: 'OK' }), ...problems },
      },
    },
    (request, reply) =>
      respond(
        request,
        reply,
        deps,
        ({ tenantId }) => webhooks.list(tenantId),
        (items) => ({ items }),
      ),
  );

  api.get(
    '/webhooks/:id',
    {
      config: { rights: { action: 'admin' } },
      schema: {
        tags,
        operationId: 'showWebhook',
        summary: 'Retrieve a webhook',
        params,
        querystring: noQuery,
        response: { 200: { ...webhook, description: 'OK' }, ...problems },
      },
    },
    (request, reply) =>
      respond(
        request,
        reply,
        deps,
        ({ tenantId }) => webhooks.show(tenantId, request.params.id),
        ({ value, revision }) => {
          tagged(reply, revision);
          return value;
        },
      ),
  );

  api.post(
    '/webhooks/:id',
    {
      config: { rights: { action: 'admin' } },
      schema: {
        tags,
        operationId: 'putWebhook',
        summary: 'Create or replace a webhook',
        description:
          'Written whole. Without a secret it keeps the one it has, or gets a new one, which is in this answer and in no other. ' +
          'After a change of the secret events are signed by the old one, too, for a day.',
        params,
        querystring: noQuery,
        headers: ifMatch,
        body: Type.Object(
          {
            url: fields.url,
            kinds: Type.Optional(fields.kinds),
            enabled: Type.Optional(fields.enabled),
            secret: Type.Optional(secret),
            rotate_secret: Type.Optional(
              Type.Boolean({ description: 'Make a new secret; for a day events are signed by the one before, too.' }),
            ),
          },
          { additionalProperties: false },
        ),
        response: {
          200: Type.Object(
            { id: Type.String(), ...fields, secret: Type.Optional(secret) },
            { description: 'As it is' },
          ),
          ...problems,
        },
      },
    },
    (request, reply) =>
      respond(
        request,
        reply,
        deps,
        ({ tenantId }) =>
          atRevision(request, (options) => webhooks.put(tenantId, request.params.id, request.body, options)),
        ({ value, revision }) => {
          tagged(reply, revision);
          return value;
        },
      ),
  );

  api.post(
    '/webhooks/:id/destroy',
    {
      config: { rights: { action: 'admin' } },
      schema: {
        tags,
        operationId: 'deleteWebhook',
        summary: 'Delete a webhook',
        description: 'What waits for it is not delivered.',
        params,
        querystring: noQuery,
        headers: ifMatch,
        response: { 204: Type.Null({ description: 'No Content' }), ...problems },
      },
    },
    (request, reply) =>
      respond(
        request,
        reply,
        deps,
        ({ tenantId }) => atRevision(request, (options) => webhooks.destroy(tenantId, request.params.id, options)),
        () => void reply.code(204),
      ),
  );

  api.get(
    '/webhooks/:id/dead_letters',
    {
      config: { rights: { action: 'admin' } },
      schema: {
        tags,
        operationId: 'listDeadLetters',
        summary: 'List events that a webhook did not take',
        description: 'The newest thousand, for a week; the oldest first.',
        params,
        querystring: Type.Object(recordPages, { additionalProperties: false }),
        response: {
          200: Type.Object(
            { items: Type.Array(Type.Object({}, { additionalProperties: true })) },
            { description: 'OK' },
          ),
          ...problems,
        },
      },
    },
    (request, reply) =>
      respond(
        request,
        reply,
        deps,
        async ({ tenantId }) => {
          const { top = 100, after = '' } = request.query;
          const name = await webhooks.nameOf(tenantId, request.params.id);
          if (name instanceof Refused) return name;
          return deps.records.deadLetters(name, { pageSize: top, pageToken: after });
        },
        (page) => recordPageAnswer(request, reply, page),
      ),
  );

  api.post(
    '/webhooks/:id/replay',
    {
      config: { rights: { action: 'admin' } },
      schema: {
        tags,
        operationId: 'replayDeadLetters',
        summary: 'Deliver dead letters again',
        description: 'Behind what waits already; those of these numbers (`n`), or all.',
        params,
        querystring: noQuery,
        body: Type.Object(
          { numbers: Type.Optional(Type.Array(Type.Integer({ minimum: 0 }), { maxItems: 1_000 })) },
          { additionalProperties: false },
        ),
        response: { 200: Type.Object({ replayed: Type.Integer() }, { description: 'OK' }), ...problems },
      },
    },
    (request, reply) =>
      respond(
        request,
        reply,
        deps,
        async ({ tenantId }) => {
          const name = await webhooks.nameOf(tenantId, request.params.id);
          return name instanceof Refused ? name : deps.records.replay(name, request.body.numbers ?? []);
        },
        (replayed) => ({ replayed }),
      ),
  );
}
