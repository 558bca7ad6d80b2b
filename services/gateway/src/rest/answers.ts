import type { ChangeBy, Page } from '@parkade/admin';
import { Refused } from '@parkade/rpc';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Caller, callerOf, peerOf } from '../http/caller.js';
import type { HttpDeps } from '../http/plugins.js';
import { problemOf, sendProblem } from '../http/problem.js';

/** Does a request's work, and answers with what `answer` makes of it; a refusal is a problem. */
export async function respond<Value>(
  request: FastifyRequest,
  reply: FastifyReply,
  { admin, run, tenant }: Pick<HttpDeps, 'admin' | 'run' | 'tenant'>,
  work: (caller: Caller) => Promise<Value | Refused> | Value | Refused,
  answer: (value: Value) => unknown,
): Promise<FastifyReply> {
  const caller = callerOf(request);
  const result = await run(async () => {
    const refused = caller.tenantId === '' ? undefined : await tenant(caller.tenantId);
    return refused ?? admin.asked(askedBy(request, caller), () => work(caller));
  });
  if (result instanceof Refused) return sendProblem(reply, problemOf(result));
  return reply.send(answer(result));
}

/** Who asks, for the audit. */
function askedBy(request: FastifyRequest, { principal }: Caller): ChangeBy {
  const { operationId } = request.routeOptions.schema as { readonly operationId?: string };
  return { principal: principal.subject, peer: peerOf(request), operation: operationId ?? '', requestId: request.id };
}

/** A page, with the way to the next in its `Link` (RFC 8288). */
export function pageAnswer<Item>(
  request: FastifyRequest,
  reply: FastifyReply,
  page: Page<Item>,
): { readonly count: number; readonly items: readonly Item[] } {
  if (page.next !== undefined) {
    const url = new URL(request.url, 'http://localhost');
    url.searchParams.delete('skip');
    url.searchParams.set('after', page.next);
    void reply.header('link', `<${url.pathname}${url.search}>; rel="next"`);
  }
  return { count: page.count, items: page.items };
}
