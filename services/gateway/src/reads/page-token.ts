import { Reason } from '@parkade/proto';
import { Refused } from '@parkade/rpc';
import { readToken, writeToken } from './opaque-token.js';

/** A place in the order of a list: after this slot. */
export interface PagePosition {
  readonly lotId: string;
  readonly slot: string;
}

const VERSION = 'p1';

export function writePageToken(incarnation: string, { lotId, slot }: PagePosition): string {
  return writeToken(VERSION, [incarnation, lotId, slot]);
}

/** Where a list goes on; the start for an empty token, refused when it is malformed or of another cluster. */
export function readPageToken(incarnation: string, token: string): PagePosition | Refused {
  if (token === '') return { lotId: '', slot: '' };
  const [from, lotId, slot] = readToken(VERSION, token) ?? [];
  if (from === incarnation && typeof lotId === 'string' && typeof slot === 'string') return { lotId, slot };
  const message = 'The page token is malformed or of another cluster: begin the list again without one.';
  return new Refused(Reason.TOKEN_INVALID, message, { field: 'page_token' });
}
