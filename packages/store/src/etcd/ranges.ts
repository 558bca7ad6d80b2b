import { checkLimit, checkRange } from '../check-call.js';
import { StoreError, type KeyRange, type KeyValue, type RangeOptions, type RangeResult } from '../store.js';
import type { Calls } from './calls.js';
import { encodeRange, sendRange } from './range-call.js';

/** The keys of the first page where the caller sets no limit; later ones are sized by what came. */
const FIRST_PAGE_KEYS = 500;
const MAX_PAGE_KEYS = 10_000;
const TARGET_PAGE_BYTES = 4 * 1024 * 1024;

/** How often a list whose revision was compacted while it was read is begun again. */
const MAX_RESTARTS = 3;

/**
 * Reads a range in pages, all of one revision, so that no single answer holds etcd or this process up. Rejects with
 * `StoreError`.
 */
export async function readRange(calls: Calls, range: KeyRange, options: RangeOptions = {}): Promise<RangeResult> {
  checkRange(range);
  checkLimit(options.limit);
  for (let restarts = 0; ; restarts++) {
    try {
      return await readPages(calls, range, options);
    } catch (error: unknown) {
      const restart = error instanceof StoreError && error.code === 'compacted' && options.revision === undefined;
      if (!restart || restarts >= MAX_RESTARTS) throw error;
    }
  }
}

async function readPages(calls: Calls, range: KeyRange, options: RangeOptions): Promise<RangeResult> {
  const { limit = Infinity, keysOnly = false, timeoutMs } = options;
  const kvs: KeyValue[] = [];
  let { revision } = options;
  let rest = range;
  let pageKeys = options.limit === undefined ? FIRST_PAGE_KEYS : MAX_PAGE_KEYS;
  for (;;) {
    const request = encodeRange({ range: rest, limit: Math.min(pageKeys, limit - kvs.length), keysOnly, revision });
    const page: RangeResult = await calls.unary('KV', () => sendRange, request, 'read', timeoutMs);
    revision ??= page.revision;
    let bytes = 0;
    for (const kv of page.kvs) {
      kvs.push(kv);
      bytes += kv.key.length + kv.value.length;
    }
    const last = page.kvs.at(-1);
    if (!page.more || last === undefined || kvs.length >= limit) return { kvs, revision, more: page.more };
    rest = { ...range, start: `${last.key}\0` };
    const averageBytes = Math.max(1, bytes / page.kvs.length);
    pageKeys = Math.max(1, Math.min(MAX_PAGE_KEYS, Math.floor(TARGET_PAGE_BYTES / averageBytes)));
  }
}
