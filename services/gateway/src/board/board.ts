import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import files from '@fastify/static';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { actorOf, commandNeeds, permit } from '@parkade/identity';
import { Reason } from '@parkade/proto';
import { Refused } from '@parkade/rpc';
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { peerOf } from '../http/caller.js';
import { plain, problemOf, sendProblem } from '../http/problem.js';
import { recognise, viewer } from './board-caller.js';
import { boardCommandSchema, publicCommand, readBoardCommand } from './board-command.js';
import type { BoardDeps } from './board-deps.js';
import { feedBoard } from './board-stream.js';
import { retrieveToPhone } from './retrieve-to-phone.js';
import { EventWriter } from './event-writer.js';

/** Everything the page loads is the gateway's own; nothing in it is inline. */
const PAGE_HEADERS = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
};

const MAX_TOKEN_BYTES = 16_384;

/** The park board under `/board/`: the page, the stream it lives on, and its commands. */
export async function board(app: FastifyInstance, deps: BoardDeps): Promise<void> {
  await page(app);
  const api = app.withTypeProvider<TypeBoxTypeProvider>();

  api.get(
    '/stream',
    { schema: { hide: true, querystring: Type.Object({ tenant: Type.String({ default: '' }) }) } },
    async (request, reply) => {
      const caller = await viewer(request, request.query.tenant, deps);
      if (caller instanceof Refused) return sendProblem(reply, problemOf(caller));
      const last = request.headers['last-event-id'];
      const token = typeof last === 'string' && last.length <= MAX_TOKEN_BYTES ? last : '';
      if (request.raw.destroyed) return reply;
      reply.hijack();
      const { raw } = reply;
      raw.writeHead(200, {
        'content-type': 'text/event-stream',
        'cache-control': 'no-store',
        // Proxies hold nothing back.
        'x-accel-buffering': 'no',
      });
      const events = new EventWriter(raw, deps.clock);
      const end = feedBoard(caller, token, events, deps);
      if (end instanceof Refused) {
        events.write('refused', problemOf(end));
        events.end();
      } else {
        raw.on('close', end);
      }
      return reply;
    },
  );

  api.post('/api/command', { schema: { hide: true, body: boardCommandSchema } }, async (request, reply) => {
    const principal = await recognise(request, deps);
    if (principal instanceof Refused) return sendProblem(reply, problemOf(principal));
    const asked = readBoardCommand(request.body);
    if (asked === undefined) return sendProblem(reply, plain(400, `A field of ${request.body.do} is missing.`));
    const command = publicCommand(asked);
    const by = actorOf(principal, peerOf(request), `board ${request.body.do}`);
    const answer = await deps.run(async () => {
      const refused = await permit(principal, commandNeeds({ command }), deps.lotOf);
      return (
        refused ??
        (await deps.tenant(command.value.tenantId)) ??
        (asked.do === 'retrieve' ? await retrieveToPhone(asked, by, deps) : undefined) ??
        deps.execute(command, by)
      );
    });
    if (answer instanceof Refused) return sendProblem(reply, problemOf(answer));
    return 'problem' in answer ? sendProblem(reply, answer.problem) : reply.code(204).send();
  });
}

async function page(app: FastifyInstance): Promise<void> {
  const root = join(dirname(createRequire(import.meta.url).resolve('@parkade/board/package.json')), 'dist/page');
  if (!existsSync(root)) {
    const refused = new Refused(Reason.INTERNAL, 'The page of the park board was not built: npm run build.');
    app.get('/', { schema: { hide: true } }, (_request, reply) => sendProblem(reply, problemOf(refused)));
    return;
  }
  await app.register(files, {
    root,
    decorateReply: false,
    redirect: true,
    // What has a hash in its name never changes; the page itself is asked for each time.
    cacheControl: false,
    setHeaders: (reply, path) => {
      for (const [name, value] of Object.entries(PAGE_HEADERS)) void reply.setHeader(name, value);
      const immutable = path.includes('/assets/');
      void reply.setHeader('cache-control', immutable ? 'public, max-age=31536000, immutable' : 'no-cache');
    },
  });
}
