import { isName, tenantGuardOf } from '@parkade/ids';
import type { Compare, KeyRange, Op, Store } from '@parkade/store';
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

/** Puts one key, guarded. `needs`: keys that must be there; where one is not, it is a conflict with the key's own revision. */
export function guardedPut(
  store: Store,
  key: string,
  json: unknown,
  options: WriteOptions,
  needs: readonly string[] = [],
): Promise<WriteResult> {
  const value = encodeJson(json);
  if (value.byteLength > MAX_VALUE_BYTES) {
    const issues = [{ path: '', message: `is longer than ${MAX_VALUE_BYTES} bytes` }];
    return Promise.resolve({ ok: false, reason: 'invalid', issues });
  }
  return guarded(store, key, { kind: 'put', key, value }, options, needs);
}

/** Deletes a range whose guard is `key`. Nothing there is not an error. */
export async function guardedDelete(
  store: Store,
  key: string,
  range: KeyRange,
  { expectedRevision }: WriteOptions,
): Promise<WriteResult> {
  const result = await store.txn({
    compare: [{ kind: 'exists', key }, ...at(key, expectedRevision)],
    success: [{ kind: 'delete', range }, ...(range.end === undefined ? tenantGuard(key) : [])],
    failure: [{ kind: 'get', range: { start: key }, keysOnly: true }],
  });
  if (result.succeeded) return { ok: true, revision: result.revision };
  const revision = result.results[0]?.[0]?.modRevision ?? 0;
  if (revision !== 0 || (expectedRevision ?? 0) !== 0) return { ok: false, reason: 'conflict', revision };
  // The guard is not there, and nobody expects it: what else lies in the range goes all the same.
  if (range.end === undefined) return { ok: true, revision: result.revision };
  return { ok: true, revision: (await store.txn({ compare: [], success: [{ kind: 'delete', range }] })).revision };
}

async function guarded(
  store: Store,
  key: string,
  op: Op,
  { expectedRevision }: WriteOptions,
  needs: readonly string[] = [],
): Promise<WriteResult> {
  const result = await store.txn({
    compare: [...at(key, expectedRevision), ...needs.map((needed): Compare => ({ kind: 'exists', key: needed }))],
    success: [op, ...tenantGuard(key)],
    failure: [{ kind: 'get', range: { start: key }, keysOnly: true }],
  });
  if (result.succeeded) return { ok: true, revision: result.revision };
  return { ok: false, reason: 'conflict', revision: result.results[0]?.[0]?.modRevision ?? 0 };
}

function at(key: string, revision: number | undefined): readonly Compare[] {
  return revision === undefined ? [] : [{ kind: 'mod', key, revision }];
}

/** What is written with every key of a tenant; see `keys.tenantGuard`. */
export function tenantGuard(key: string): readonly Op[] {
  const guard = tenantGuardOf(key);
  return guard === undefined ? [] : [{ kind: 'put', key: guard, value: NOTHING }];
}

const NOTHING = new Uint8Array();

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
