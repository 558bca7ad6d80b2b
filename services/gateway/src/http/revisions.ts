import { invalidField } from '@parkade/admin';
import { Refused } from '@parkade/rpc';
import type { FastifyReply, FastifyRequest } from 'fastify';

// A thing's ETag is its revision, in quotes: strong, and of this thing alone.

/** Says at which revision the thing is. */
export function tagged(reply: FastifyReply, revision: number): void {
  void reply.header('etag', `"${revision}"`);
}

/** Makes a change at the revision that `If-Match` asks for; a malformed one is refused, and nothing is changed. */
export function atRevision<Value>(
  request: FastifyRequest,
  change: (options: ExpectedRevision) => Promise<Value | Refused>,
): Promise<Value | Refused> | Refused {
  const options = expectedRevision(request);
  return options instanceof Refused ? options : change(options);
}

interface ExpectedRevision {
  readonly expectedRevision?: number;
}

/** What `If-Match` asks for: `"<revision>"`, as an earlier answer's `ETag`; absent or `*`: whichever revision. */
function expectedRevision(request: FastifyRequest): ExpectedRevision | Refused {
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
