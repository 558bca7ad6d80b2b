import { Type } from 'typebox';
import { allow } from '@parkade/identity';
import type { RecordPage } from '@parkade/records';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { HttpDeps } from '../http/plugins.js';
import { respond } from './answers.js';
import type { Api } from './rest-api.js';
import { problems } from './schemas/common.js';

const time = (description: string) => Type.Optional(Type.String({ format: 'date-time', description }));

/** How pages of records are asked for. */
export const recordPages = {
  top: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000, default: 100, description: 'Records of a page.' })),
  after: Type.Optional(
    Type.String({ maxLength: 256, description: 'Goes on where an earlier page ended: `rel="next"` of `Link`.' }),
  ),
};

const anything = Type.Object({}, { additionalProperties: true });

/** `/park_history` and `/audit_records`: what was. */
export function recordRoutes(api: Api, deps: HttpDeps): void {
  api.get(
    '/park_history',
    {
      config: { rights: { action: 'view', inLots: true } },
      schema: {
        tags: ['Records'],
        operationId: 'listParkHistory',
        summary: 'List parks of the past',
        description:
          'Who parked what, what came of it, when and why; the longest unchanged first. Times are Unix milliseconds. Who may see ' +
          'single lots names one.',
        querystring: Type.Object(
          {
            call_id: Type.Optional(Type.String({ maxLength: 256 })),
            caller_number: Type.Optional(Type.String({ maxLength: 256 })),
            park_id: Type.Optional(Type.String({ maxLength: 64 })),
            lot_id: Type.Optional(Type.String({ maxLength: 64 })),
            from: time('Parks that began then or later.'),
            to: time('Parks that began before.'),
            ...recordPages,
          },
          { additionalProperties: false },
        ),
        response: { 200: Type.Object({ items: Type.Array(anything) }, { description: 'OK' }), ...problems },
      },
    },
    (request, reply) =>
      respond(
        request,
        reply,
        deps,
        ({ principal, tenantId }) => {
          const { call_id: callId = '', caller_number: callerNumber = '', from, to } = request.query;
          const { park_id: parkId = '', lot_id: lotId = '', top = 100, after = '' } = request.query;
          const refused = allow(principal, 'view', tenantId, lotId === '' ? undefined : lotId);
          const query = { tenantId, callId, callerNumber, parkId, lotId, fromMs: ms(from), toMs: ms(to) };
          return refused ?? deps.records.history({ ...query, pageSize: top, pageToken: after });
        },
        (page) => recordPageAnswer(request, reply, page),
      ),
  );

  api.get(
    '/audit_records',
    {
      config: { rights: { action: 'admin' } },
      schema: {
        tags: ['Records'],
        operationId: 'listAuditRecords',
        summary: 'List who changed or took what',
        description: 'In the order in which it happened. Times are Unix milliseconds.',
        querystring: Type.Object(
          {
            principal: Type.Optional(Type.String({ maxLength: 256, description: 'Only what this principal did.' })),
            from: time('Not before.'),
            to: time('Before.'),
            ...recordPages,
          },
          { additionalProperties: false },
        ),
        response: { 200: Type.Object({ items: Type.Array(anything) }, { description: 'OK' }), ...problems },
      },
    },
    (request, reply) =>
      respond(
        request,
        reply,
        deps,
        ({ tenantId }) => {
          const { principal = '', from, to, top = 100, after = '' } = request.query;
          const query = { tenantId, principal, fromMs: ms(from), toMs: ms(to) };
          return deps.records.audit({ ...query, pageSize: top, pageToken: after });
        },
        (page) => recordPageAnswer(request, reply, page),
      ),
  );
}

/** A page of records, with the way to the next in its `Link`. */
export function recordPageAnswer<Item>(
  request: FastifyRequest,
  reply: FastifyReply,
  { items, nextPageToken }: RecordPage<Item>,
): { readonly items: readonly Item[] } {
  if (nextPageToken !== '') {
    const url = new URL(request.url, 'http://localhost');
    url.searchParams.set('after', nextPageToken);
    void reply.header('link', `<${url.pathname}${url.search}>; rel="next"`);
  }
  return { items };
}

function ms(time: string | undefined): number {
  return time === undefined ? 0 : Date.parse(time);
}
