import { keys } from '@parkade/ids';
import { MAX_TXN_OPS, type Store } from '@parkade/store';
import type { Issue } from '../issues.js';
import { nestingIssues } from '../ring-group-nesting.js';
import { type CheckedDocument, type DocumentPut, type LotReference, readDocument } from './settings-document.js';
import { storedRingGroups } from './stored-ring-groups.js';

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
  const missing = [...(await missingLots(store, references)), ...(await ringGroupIssues(store, checked.value))];
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

/** Ring groups that are named exist, in the document or in the store, and none leads back to itself. */
async function ringGroupIssues(store: Store, document: CheckedDocument): Promise<readonly Issue[]> {
  const { ringGroups, ringGroupReferences } = document;
  const tenants = new Set([...ringGroups.keys(), ...ringGroupReferences.map(({ tenantId }) => tenantId)]);
  const issues: Issue[] = [];
  for (const tenantId of tenants) {
    const written = ringGroups.get(tenantId);
    const groups = new Map([...(await storedRingGroups(store, tenantId)), ...(written ?? [])]);
    for (const [groupId, group] of written ?? []) {
      const at = ['tenants', tenantId, 'ring_groups', groupId];
      issues.push(...nestingIssues(group, (id) => groups.get(id), at));
    }
    for (const reference of ringGroupReferences) {
      if (reference.tenantId !== tenantId || groups.has(reference.ringGroupId)) continue;
      issues.push({ path: reference.path, message: `the tenant has no ring group ${reference.ringGroupId}` });
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
