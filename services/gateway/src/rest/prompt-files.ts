import { MAX_PROMPT_FILE_BYTES, PROMPT_FILE_TYPES, type PromptFile, promptFileUrl, invalidField } from '@parkade/admin';
import { Refused } from '@parkade/rpc';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { Type } from 'typebox';
import type { HttpDeps } from '../http/plugins.js';
import { problemOf, sendProblem } from '../http/problem.js';
import { atRevision, hasAlready, tagged } from '../http/revisions.js';
import { pageAnswer, respond } from './answers.js';
import type { Api } from './rest-api.js';
import { count, ifMatch, listQuery, noQuery, problems, resourceId } from './schemas/common.js';

const tags = ['Prompt Files'];
const params = Type.Object({ id: resourceId('the prompt file') });
const promptFile = Type.Object({
  id: resourceId('prompt file'),
  name: Type.String({ description: 'What people call it.' }),
  content_type: Type.String({ description: '`audio/wav` or `audio/mpeg`.' }),
  size: Type.Integer({ minimum: 1, description: 'In bytes.' }),
  sha256: Type.Optional(Type.String({ description: 'Of its bytes, in hex.' })),
  url: Type.String({ description: 'Where it can be fetched with a token, relative to the API.' }),
  link: Type.String({
    description: 'Where it can be fetched without a token, relative to the API, for a day: for media nodes.',
  }),
});
/** Bytes, whichever: an empty schema is what OpenAPI 3.1 says for them. */
const content = Object.fromEntries(PROMPT_FILE_TYPES.map((type) => [type, { schema: {} }]));

/** `/prompt_files`: sounds that parked callers hear. */
export function promptFileRoutes(api: Api, deps: HttpDeps): void {
  const { admin } = deps;
  const { promptFiles } = admin;
  const view = async (tenantId: string, file: PromptFile) => {
    const link = await promptFiles.link(tenantId, file.id);
    return link instanceof Refused ? link : { ...file, url: promptFileUrl(file.id), link };
  };

  api.addContentTypeParser([...PROMPT_FILE_TYPES], { parseAs: 'buffer' }, (_request, body, done) => done(null, body));

  api.get(
    '/prompt_files',
    {
      config: { rights: { action: 'view' } },
      schema: {
        tags,
        operationId: 'listPromptFiles',
        summary: 'List prompt files',
        description: 'Filtered and ordered by `id`, `name`, `content_type`, `size`; searched by `name`.',
        querystring: listQuery,
        response: { 200: Type.Object({ count, items: Type.Array(promptFile) }, { description: 'OK' }), ...problems },
      },
    },
    (request, reply) =>
      respond(
        request,
        reply,
        deps,
        async ({ tenantId }) => {
          const page = await admin.listPromptFiles(tenantId, request.query);
          if (page instanceof Refused) return page;
          const items = [];
          for (const file of page.items) {
            const shown = await view(tenantId, file);
            if (shown instanceof Refused) return shown;
            items.push(shown);
          }
          return { ...page, items };
        },
        (page) => pageAnswer(request, reply, page),
      ),
  );

  api.post(
    '/prompt_files',
    {
      config: { rights: { action: 'admin' } },
      bodyLimit: MAX_PROMPT_FILE_BYTES,
      schema: {
        tags,
        operationId: 'createPromptFile',
        summary: 'Upload a prompt file',
        description: `A WAV or MPEG sound of at most ${MAX_PROMPT_FILE_BYTES} bytes.`,
        querystring: Type.Object(
          { name: Type.String({ minLength: 1, maxLength: 128, description: 'What people call it.' }) },
          { additionalProperties: false },
        ),
        body: { content } as never,
        response: { 201: { ...promptFile, description: 'Uploaded' }, ...problems },
      },
    },
    (request, reply) =>
      respond(
        request,
        reply,
        deps,
        async ({ tenantId }) => {
          const body: unknown = request.body;
          if (!(body instanceof Uint8Array)) return invalidField('content', 'must be a WAV or MPEG sound');
          const made = await promptFiles.create(tenantId, request.query.name, body);
          if (made instanceof Refused) return made;
          const shown = await view(tenantId, made.value);
          return shown instanceof Refused ? shown : { shown, revision: made.revision };
        },
        ({ shown, revision }) => {
          tagged(reply, revision);
          void reply.code(201).header('location', `/api/prompt_files/${shown.id}`);
          return shown;
        },
      ),
  );

  api.get(
    '/prompt_files/:id',
    {
      config: { rights: { action: 'view' } },
      schema: {
        tags,
        operationId: 'showPromptFile',
        summary: 'Retrieve what is known of a prompt file',
        params,
        querystring: noQuery,
        response: { 200: { ...promptFile, description: 'OK' }, ...problems },
      },
    },
    (request, reply) =>
      respond(
        request,
        reply,
        deps,
        async ({ tenantId }) => {
          const found = await promptFiles.show(tenantId, request.params.id);
          if (found instanceof Refused) return found;
          const shown = await view(tenantId, found.value);
          return shown instanceof Refused ? shown : { shown, revision: found.revision };
        },
        ({ shown, revision }) => {
          tagged(reply, revision);
          if (!hasAlready(request, revision)) return shown;
          void reply.code(304);
          return undefined;
        },
      ),
  );

  api.get(
    '/prompt_files/:id/content',
    {
      config: { rights: { action: 'view' } },
      schema: {
        tags,
        operationId: 'fetchPromptFile',
        summary: 'Fetch a prompt file',
        params,
        querystring: noQuery,
        response: { 200: { description: 'Its bytes', content } as never, ...problems },
      },
    },
    (request, reply) =>
      respond(
        request,
        reply,
        deps,
        ({ tenantId }) => promptFiles.content(tenantId, request.params.id),
        (found) => bytesAnswer(reply, found),
      ),
  );

  api.post(
    '/prompt_files/:id/destroy',
    {
      config: { rights: { action: 'admin' } },
      schema: {
        tags,
        operationId: 'deletePromptFile',
        summary: 'Delete a prompt file',
        description: 'Refused while the tenant or a lot names it.',
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
        ({ tenantId }) => atRevision(request, (options) => promptFiles.destroy(tenantId, request.params.id, options)),
        () => void reply.code(204),
      ),
  );
}

/** `/linked_prompt_files`: a prompt file for whoever has its signed link; asks for no token. */
export function linkedPromptFiles(app: FastifyInstance, { admin, run }: Pick<HttpDeps, 'admin' | 'run'>): void {
  app.get<{
    Params: { readonly tenant_id: string; readonly id: string };
    Querystring: Readonly<Record<string, unknown>>;
  }>('/api/linked_prompt_files/:tenant_id/:id', { schema: { hide: true } }, async (request, reply) => {
    const { tenant_id: tenantId, id } = request.params;
    const { expires, signature } = request.query;
    const seconds = typeof expires === 'string' && /^\d{1,12}$/.test(expires) ? Number(expires) : 0;
    const signed = typeof signature === 'string' ? signature : '';
    const found = await run(() => admin.promptFiles.linked(tenantId, id, seconds, signed));
    return found instanceof Refused ? sendProblem(reply, problemOf(found)) : reply.send(bytesAnswer(reply, found));
  });
}

function bytesAnswer(
  reply: FastifyReply,
  { file, bytes }: { readonly file: PromptFile; readonly bytes: Uint8Array },
): Uint8Array {
  // A file never changes under its id.
  void reply
    .type(file.content_type)
    .header('cache-control', 'private, max-age=86400, immutable')
    .header('x-content-type-options', 'nosniff');
  return bytes;
}
