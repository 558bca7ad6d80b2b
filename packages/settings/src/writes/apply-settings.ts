import { keys, tenantGuardOf } from '@parkade/ids';
import { type Compare, MAX_TXN_OPS, type Op, type Store } from '@parkade/store';
import type { Issue } from '../issues.js';
import { dependentTenants, documentIssues } from './document-issues.js';
import { tenantGuard } from './guarded-write.js';
import { type DocumentPut, type FlowReader, readDocument } from './settings-document.js';

/** A transaction carries at most this many bytes of values (etcd refuses requests over 1.5 MiB). */
const MAX_CHUNK_BYTES = 1024 * 1024;

/** Somebody else may change a tenant between the check and the write; more often than this nobody does. */
const MAX_ATTEMPTS = 8;

export type ApplyResult =
  /** All was written; `revision` is the last one, 0 where there was nothing to write. */
  | { readonly ok: true; readonly revision: number; readonly written: number }
  /** Nothing was written. */
  | { readonly ok: false; readonly reason: 'invalid'; readonly issues: readonly Issue[] };

/**
 * Writes a whole document (see `readDocument`), checked as a whole first. What the document does not name stays as it is. In
 * chunks of at most 128 keys and 1 MiB, each atomic; where the store fails in between (`StoreError` is thrown), applying the
 * same document again completes it. What holds between a tenant's groups holds beside every other writer: a tenant that was
 * changed since it was read is read again. `readFlow` reads its call flows; without it there may be none (`applyDocument` of
 * `packages/flow` has it).
 */
export async function applySettings(store: Store, document: unknown, readFlow?: FlowReader): Promise<ApplyResult> {
  const checked = readDocument(document, readFlow);
  if (!checked.ok) return invalidDocument(checked.issues);
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const guards = new Map<string, number>();
    for (const tenantId of dependentTenants(checked.value)) {
      const guard = keys.tenantGuard(tenantId);
      guards.set(guard, (await store.get(guard))?.modRevision ?? 0);
    }
    const issues = await documentIssues(store, checked.value);
    if (issues.length > 0) return invalidDocument(issues);
    const revision = await write(store, checked.value.puts, guards);
    if (revision !== undefined) return { ok: true, revision, written: checked.value.puts.length };
  }
  return invalidDocument([{ path: '', message: 'others change the same tenants all the while; apply it again' }]);
}

/** Writes all, or as much as fits before one of the tenants was changed by somebody else: undefined. */
async function write(
  store: Store,
  puts: readonly DocumentPut[],
  guards: Map<string, number>,
): Promise<number | undefined> {
  let revision = 0;
  for (const chunk of chunks(puts)) {
    const touched = new Map(chunk.flatMap(({ key }) => tenantGuard(key)).map((op) => [guardKey(op), op]));
    const compare = [...touched.keys()].flatMap((key): Compare[] => {
      const expected = guards.get(key);
      return expected === undefined ? [] : [{ kind: 'mod', key, revision: expected }];
    });
    const success: Op[] = [...chunk.map((put): Op => ({ kind: 'put', ...put })), ...touched.values()];
    const result = await store.txn({ compare, success });
    if (!result.succeeded) return undefined;
    revision = result.revision;
    for (const key of touched.keys()) if (guards.has(key)) guards.set(key, revision);
  }
  return revision;
}

function guardKey(op: Op): string {
  return op.kind === 'put' ? op.key : '';
}

function* chunks(puts: readonly DocumentPut[]): Generator<readonly DocumentPut[]> {
  let chunk: DocumentPut[] = [];
  let guards = new Set<string>();
  let bytes = 0;
  for (const put of puts) {
    const guard = tenantGuardOf(put.key);
    // A tenant's guard, and its record in the audit, where one is written.
    const tenants = guards.size + (guard === undefined || guards.has(guard) ? 0 : 1);
    const ops = chunk.length + 1 + 2 * tenants;
    if (chunk.length > 0 && (ops > MAX_TXN_OPS || bytes + put.value.byteLength > MAX_CHUNK_BYTES)) {
      yield chunk;
      chunk = [];
      guards = new Set();
      bytes = 0;
    }
    chunk.push(put);
    if (guard !== undefined) guards.add(guard);
    bytes += put.value.byteLength;
  }
  if (chunk.length > 0) yield chunk;
}

function invalidDocument(issues: readonly Issue[]): ApplyResult {
  return { ok: false, reason: 'invalid', issues };
}
