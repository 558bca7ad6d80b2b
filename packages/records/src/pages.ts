import { type Bus, BusError, type ReadFrom } from '@parkade/bus';
import { stableHash } from '@parkade/ids';
import { Reason } from '@parkade/proto';
import { Refused } from '@parkade/rpc';

/** Messages looked at for one page at most: one that finds less says where to go on. */
const MAX_LOOKED_AT = 4_096;
const READ_AT_ONCE = 512;
export const MAX_PAGE_SIZE = 1_000;

export interface RecordPage<Item> {
  readonly items: readonly Item[];
  /** Empty: there is no more. */
  readonly nextPageToken: string;
}

export interface PageQuery {
  readonly pattern: string;
  /** Nothing that was last changed before this, wall ms. */
  readonly sinceMs: number;
  /** 1 to `MAX_PAGE_SIZE`. */
  readonly pageSize: number;
  /** Of an earlier page of the same query; empty: the first. */
  readonly pageToken: string;
}

/**
 * One page of what a last-value stream keeps, the longest unchanged first. What changes while somebody pages comes again at its
 * new place, as it then is; nothing is left out. `read` leaves out what it answers undefined for.
 */
export async function recordPage<Item>(
  bus: Bus,
  query: PageQuery,
  read: (payload: Uint8Array) => Item | undefined,
): Promise<RecordPage<Item> | Refused> {
  const check = stableHash(query.pattern).toString(36);
  const from = beginning(query, check);
  if (from instanceof Refused) return from;
  const items: Item[] = [];
  let position = '';
  let lookedAt = 0;
  const reading = bus.read(query.pattern, from);
  try {
    while (items.length < query.pageSize && lookedAt < MAX_LOOKED_AT) {
      const limit = Math.min(READ_AT_ONCE, query.pageSize - items.length);
      const messages = await reading.next(limit, 0);
      for (const message of messages) {
        position = message.position;
        const item = read(message.payload);
        if (item !== undefined) items.push(item);
      }
      lookedAt += messages.length;
      if (messages.length < limit) return { items, nextPageToken: '' };
    }
    return { items, nextPageToken: position === '' ? '' : `${check}.${position}` };
  } catch (error) {
    if (error instanceof BusError) return busUnavailable();
    throw error;
  } finally {
    reading.close();
  }
}

/** The bus does not answer: what it keeps cannot be told now. */
export function busUnavailable(): Refused {
  return new Refused(Reason.STORE_UNAVAILABLE, 'The bus that keeps the records does not answer in time; retry.');
}

function beginning({ sinceMs, pageToken }: PageQuery, check: string): ReadFrom | Refused {
  if (pageToken === '') return { sinceMs };
  const [, of, position = ''] = /^([0-9a-z]+)\.(\d{1,15}@[\x21-\x7e]{1,48})$/.exec(pageToken) ?? [];
  if (of === check) return { position };
  const message = 'The page token is malformed or of another list: begin again without one.';
  return new Refused(Reason.TOKEN_INVALID, message, { field: 'page_token' });
}

/** A JSON object out of a payload; undefined where it is none. */
export function jsonOf(payload: Uint8Array): object | undefined {
  try {
    const json: unknown = JSON.parse(Buffer.from(payload).toString('utf8'));
    return typeof json === 'object' && json !== null ? json : undefined;
  } catch {
    return undefined;
  }
}
