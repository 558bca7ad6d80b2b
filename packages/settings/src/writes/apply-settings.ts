import { keys } from '@parkade/ids';
import { MAX_TXN_OPS, type Store } from '@parkade/store';
import type { Issue } from '../issues.js';
import { type DocumentPut, type LotReference, readDocument } from './settings-document.js';

/** A transaction carries at most this many bytes of values (etcd refuses requests over 1.5 MiB). */
const MAX_CHUNK_BYTES = 1024 * 1024;

export type ApplyResult =
  /** All was written; `revision` is the last one, 0 where there was nothing to write. */
  | { readonly ok: true; readonly revision: number; readonly written: number }
  /** Nothing was written. */
  | { readonly ok: false; readonly reason: 'invalid'; readonly issues: readonly Issue[] };

/**
 * Writes a whole document (see `readDocument`), checked as a whole first. What the document does not name stays as it is. In
 * chunks of at most 128 keys and 1 MiB, each atomic; where the store fails in between (`StoreError` is thrown), applying the
 * same document again completes it.
 */
export async function applySettings(store: Store, document: unknown): Promise<ApplyResult> {
  const checked = readDocument(document);
  if (!checked.ok) return invalidDocument(checked.issues);
  const { puts, references } = checked.value;
  const missing = await missingLots(store, references);
  if (missing.length > 0) return invalidDocument(missing);
  let revision = 0;
  for (const chunk of chunks(puts)) {
    const result = await store.txn({ compare: [], success: chunk.map((put) => ({ kind: 'put', ...put })) });
    revision = result.revision;
  }
  return { ok: true, revision, written: puts.length };
}

async function missingLots(store: Store, references: readonly LotReference[]): Promise<readonly Issue[]> {
  const issues: Issue[] = [];
  for (const { tenantId, lotId, path } of references) {
    if ((await store.get(keys.lot(tenantId, lotId))) === undefined) {
      issues.push({ path, message: `the tenant has no lot ${lotId}` });
    }
  }
  return issues;
}

function* chunks(puts: readonly DocumentPut[]): Generator<readonly DocumentPut[]> {
  let chunk: DocumentPut[] = [];
  let bytes = 0;
  for (const put of puts) {
    if (chunk.length === MAX_TXN_OPS || (chunk.length > 0 && bytes + put.value.byteLength > MAX_CHUNK_BYTES)) {
      yield chunk;
      chunk = [];
      bytes = 0;
    }
    chunk.push(put);
    bytes += put.value.byteLength;
  }
  if (chunk.length > 0) yield chunk;
}

function invalidDocument(issues: readonly Issue[]): ApplyResult {
  return { ok: false, reason: 'invalid', issues };
}
