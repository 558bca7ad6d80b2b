import { invalidField } from '@parkade/admin';
import type { Refused } from '@parkade/rpc';
import type { FastifyReply, FastifyRequest } from 'fastify';

// A thing's ETag is its revision, in quotes: strong, and of this thing alone.

/** Says at which revision the thing is. */
export function tagged(reply: FastifyReply, revision: number): void {
  void reply.header('etag', `"${revision}"`);
}

/** What `If-Match` asks for: `"<revision>"`, as an earlier answer's `ETag`; absent or `*`: whichever revision. */
export function expectedRevision(request: FastifyRequest): { readonly expectedRevision?: number } | Refused {
  const header = request.headers['if-match'];
  if (header === undefined || header === '*') return {};
  const match = /^"(\d{1,15})"$/.exec(header);
  if (match === null) return invalidField('if-match', 'must be one ETag of an earlier answer, in quotes, or *');
  return { expectedRevision: Number(match[1]) };
}

/** Whether the caller has what there is: `If-None-Match`. */
export function hasAlready(request: FastifyRequest, revision: number): boolean {
  const header = request.headers['if-none-match'];
  return header?.split(',').some((tag) => tag.trim() === `"${revision}"`) ?? false;
}
