import { isName } from '@parkade/ids';
import type { KeyRange, Op, Store } from '@parkade/store';
import { type Issue } from '../issues.js';
import { encodeJson, MAX_VALUE_BYTES } from '../json-value.js';

/** What became of a write. Where it was not done, nothing was changed. The store's own failures are thrown (`StoreError`). */
export type WriteResult =
  /** Done; `revision` is what a `SettingsCache` can wait for. */
  | { readonly ok: true; readonly revision: number }
  | { readonly ok: false; readonly reason: 'invalid'; readonly issues: readonly Issue[] }
  /** The key was not at the expected revision but at this one; 0: it does not exist. */
  | { readonly ok: false; readonly reason: 'conflict'; readonly revision: number };

export interface WriteOptions {
  /** The revision the key must be at; 0: it must not exist. Absent: whatever is there is replaced. */
  readonly expectedRevision?: number | undefined;
}

/** Puts one key, guarded. */
export function guardedPut(store: Store, key: string, json: unknown, options: WriteOptions): Promise<WriteResult> {
  const value = encodeJson(json);
  if (value.byteLength > MAX_VALUE_BYTES) {
    const issues = [{ path: '', message: `is longer than ${MAX_VALUE_BYTES} bytes` }];
    return Promise.resolve({ ok: false, reason: 'invalid', issues });
  }
  return guarded(store, key, { kind: 'put', key, value }, options);
}

/** Deletes a range whose guard is `key`. Nothing there is not an error. */
export function guardedDelete(store: Store, key: string, range: KeyRange, options: WriteOptions): Promise<WriteResult> {
  return guarded(store, key, { kind: 'delete', range }, options);
}

async function guarded(store: Store, key: string, op: Op, { expectedRevision }: WriteOptions): Promise<WriteResult> {
  const result = await store.txn({
    compare: expectedRevision === undefined ? [] : [{ kind: 'mod', key, revision: expectedRevision }],
    success: [op],
    failure: [{ kind: 'get', range: { start: key }, keysOnly: true }],
  });
  if (result.succeeded) return { ok: true, revision: result.revision };
  return { ok: false, reason: 'conflict', revision: result.results[0]?.[0]?.modRevision ?? 0 };
}

/** What is wrong with names; paths as given. */
export function nameIssues(names: Readonly<Record<string, string>>): readonly Issue[] {
  return Object.entries(names)
    .filter(([, name]) => !isName(name))
    .map(([path]) => ({ path, message: 'must be a name: 1 to 64 printable ASCII characters without blanks' }));
}

/** The refusal of input that is wrong. */
export function invalid(issues: readonly Issue[]): WriteResult {
  return { ok: false, reason: 'invalid', issues };
}
