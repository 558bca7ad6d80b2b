import { keys } from '@parkade/ids';
import type { Compare, KeyValue, Op, Store } from '@parkade/store';
import { encodeJson } from '../json-value.js';
import { autoLot, isReservedLot } from '../lot-settings.js';
import { invalid, nameIssues, type WriteResult } from './guarded-write.js';

/** Somebody may delete while we make; more often than this nobody does. */
const MAX_ATTEMPTS = 8;

/**
 * Makes a tenant and a lot of it with the documented defaults (`autoLot`) where they do not exist, each by compare: what is
 * there is never touched, and of many callers at once one makes it and all succeed. The revision is that of the younger of
 * both, so a `SettingsCache` that has seen it knows both.
 */
export async function ensureTenantLot(store: Store, tenantId: string, lotId: string): Promise<WriteResult> {
  const issues = nameIssues({ tenant_id: tenantId, lot_id: lotId });
  if (issues.length > 0) return invalid(issues);
  if (lotId.startsWith('_') && !isReservedLot(lotId)) {
    return invalid([{ path: 'lot_id', message: 'names that begin with _ are reserved' }]);
  }
  const wanted = [{ key: keys.tenantSettings(tenantId), value: encodeJson({}) }];
  if (!isReservedLot(lotId)) {
    wanted.push({ key: keys.lot(tenantId, lotId), value: encodeJson({ lot_id: lotId, ...autoLot(lotId) }) });
  }
  let found = await read(store, wanted);
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const missing = wanted.filter((_, i) => found[i] === undefined);
    if (missing.length === 0) {
      return { ok: true, revision: Math.max(...found.map((kv) => kv?.modRevision ?? 0)) };
    }
    const result = await store.txn({
      compare: wanted.map(({ key }, i): Compare => ({ kind: found[i] === undefined ? 'absent' : 'exists', key })),
      success: missing.map((put): Op => ({ kind: 'put', ...put })),
      failure: wanted.map(({ key }): Op => ({ kind: 'get', range: { start: key } })),
    });
    if (result.succeeded) return { ok: true, revision: result.revision };
    found = result.results.map((kvs) => kvs[0]);
  }
  return { ok: false, reason: 'conflict', revision: 0 };
}

function read(store: Store, wanted: readonly { readonly key: string }[]): Promise<(KeyValue | undefined)[]> {
  return Promise.all(wanted.map(({ key }) => store.get(key)));
}
