import type { MsgHdrs } from 'nats';

/** The header that carries the version of a last value, in decimal digits. */
export const VERSION_HEADER = 'Parkade-Version';
/** The server's own header for the id that removes duplicates. */
export const ID_HEADER = 'Nats-Msg-Id';
/** The server's own header for the stream a message must go to. */
export const STREAM_HEADER = 'Nats-Expected-Stream';
/** The server's own header for the sequence its subject's last message must have; 0: there is none. */
export const LAST_SEQUENCE_HEADER = 'Nats-Expected-Last-Subject-Sequence';

/** The id a message was published with; undefined where it has none. */
export function idOf(header: MsgHdrs | undefined): string | undefined {
  const id = header?.get(ID_HEADER);
  return id === '' ? undefined : id;
}

/** The version a message was published with; undefined where it has none that is a count. */
export function versionOf(header: MsgHdrs | undefined): number | undefined {
  const text = header?.get(VERSION_HEADER) ?? '';
  return /^\d{1,16}$/.test(text) ? Number(text) : undefined;
}

/** Where a delivered message stands: in the stream, in its consumer's count, and how many are still to come. */
export interface Delivery {
  readonly sequence: number;
  readonly count: number;
  readonly pending: number;
}

/**
 * Takes apart the reply subject of a delivered message: `$JS.ACK.<stream>.<consumer>.<times>.<sequence>.<count>.<time>.<pending>`,
 * in newer servers with domain and account after `ACK` and one more token at the end. Undefined where it is none.
 */
export function deliveryOf(reply: string | undefined): Delivery | undefined {
  const tokens = (reply ?? '').split('.');
  const at = tokens.length === 9 ? 5 : tokens.length >= 11 ? 7 : undefined;
  if (at === undefined || tokens[0] !== '$JS' || tokens[1] !== 'ACK') return undefined;
  const [sequence, count, , pending] = tokens.slice(at).map(Number);
  if (sequence === undefined || count === undefined || pending === undefined) return undefined;
  return { sequence, count, pending };
}
