import type { LinkEnd } from './link.js';

/** Why there is no connection. */
export type Down =
  /**
   * FreeSWITCH said that it stops (SHUTDOWN event, or the notice that it is being shut down): its calls are gone.
   * `fsctl shutdown now` and a crash say nothing; they look like a broken connection.
   */
  | { kind: 'node-stopped' }
  /** The connection is gone; the calls may live on. */
  | { kind: 'connection-broke'; cause: BrokenCause }
  /** FreeSWITCH turned us away: wrong password, access list, or an event we may not have. `text` is its answer. */
  | { kind: 'refused'; text: string }
  /** The write guard said no during the handshake. */
  | { kind: 'fenced' }
  /** We closed it. */
  | { kind: 'closed' };

export type BrokenCause =
  | LinkEnd
  /** No TCP connection; `code` as Node names it, for example `ECONNREFUSED`, or `connect-timeout`. */
  | { reason: 'connect-failed'; code: string }
  /** FreeSWITCH ended this connection with a notice, but did not say that it stops (it does so to a slow reader). */
  | { reason: 'dropped'; text: string };

/** What was seen on a connection before it ended. */
export interface LastWords {
  shutdownEvent: boolean;
  /** Text of the disconnect notice. */
  notice: string | undefined;
  /** Text of the access list's or the handshake's refusal. */
  refusal: string | undefined;
  /** The guard withheld a command of the handshake. */
  fenced: boolean;
}

/**
 * Tells a node that stopped from a connection that broke. Only FreeSWITCH's own word counts as a stop: to take a broken
 * connection for a stop would free the slots of living calls, while the other mistake is put right at the next connect.
 */
export function classifyDown(end: LinkEnd, seen: LastWords): Down {
  if (end.reason === 'closed-by-us') return { kind: 'closed' };
  if (seen.fenced) return { kind: 'fenced' };
  if (seen.refusal !== undefined) return { kind: 'refused', text: seen.refusal };
  const ended = end.reason === 'eof' || end.reason === 'socket-error';
  if (seen.shutdownEvent || (seen.notice?.includes('being shut down') ?? false)) return { kind: 'node-stopped' };
  if (ended && seen.notice !== undefined) {
    return { kind: 'connection-broke', cause: { reason: 'dropped', text: seen.notice.trimEnd() } };
  }
  return { kind: 'connection-broke', cause: end };
}
