import { setTimeout as delay } from 'node:timers/promises';
import { SystemClock, SystemRandom } from '@parkade/clock';
import { homeShard, keys, newParkId } from '@parkade/ids';
import { SlotRecord } from '@parkade/proto';
import type { Op, Store } from '@parkade/store';
import type { OneCaller, Place } from './one-caller.js';

/** Slots of one transaction, and transactions under way: etcd takes some 50,000 a second that way. */
const IN_ONE = 120;
const UNDER_WAY = 4;

/** Where calls are put: all in slots of one lot of each tenant, from `firstSlot` on. */
export interface StoredCalls {
  readonly tenants: readonly string[];
  readonly lotId: string;
  readonly firstSlot: number;
  readonly perTenant: number;
  readonly shards: number;
}

/** Parks one call and reads what its owner wrote. */
export async function templateOf(store: Store, caller: OneCaller, place: Place, shards: number): Promise<SlotRecord> {
  const { tenantId, lotId, slot = '' } = place;
  await caller.park(place);
  const key = keys.slot(homeShard(tenantId, lotId, shards), tenantId, lotId, slot);
  for (let tries = 0; tries < 50; tries++) {
    const found = await store.get(key);
    if (found !== undefined) return SlotRecord.decode(found.value);
    await delay(20);
  }
  throw new Error(`nothing is stored at ${key}`);
}

/**
 * Puts parked calls into the store of a cluster without owners, as owners write them: copies of `template`, each with a name, ids and
 * numbers of its own; parking each would take minutes. Resolves to how many bytes a record has, on average.
 */
export async function storeCalls(store: Store, template: SlotRecord, where: StoredCalls): Promise<number> {
  const [clock, random] = [new SystemClock(), new SystemRandom()];
  const [park] = template.parks;
  if (park?.call === undefined) throw new Error('the template is empty');
  const { call } = park;
  let [bytes, count] = [0, 0];
  let ops: Op[] = [];
  const underWay = new Set<Promise<unknown>>();
  const write = async (): Promise<void> => {
    const commit = store.txn({ compare: [], success: ops }, { timeoutMs: 30_000 });
    ops = [];
    underWay.add(commit);
    void commit.finally(() => underWay.delete(commit));
    if (underWay.size >= UNDER_WAY) await Promise.race(underWay);
  };
  for (const tenantId of where.tenants) {
    const shard = homeShard(tenantId, where.lotId, where.shards);
    for (let i = 0; i < where.perTenant; i++) {
      const slot = String(where.firstSlot + i);
      const hex = (++count).toString(16).padStart(12, '0');
      const callId = `3f8a6c1e-7b1d-4c58-9a50-${hex}`;
      const own = { ...call, callId, sipCallId: `${callId}@198.51.100.7`, callerNumber: `+44163296${count % 10_000}` };
      const record = SlotRecord.encode({
        ...template,
        name: { tenantId, lotId: where.lotId, slot },
        parks: [{ ...park, parkId: newParkId(clock.nowMs(), shard, random), call: own }],
      }).finish();
      bytes += record.length;
      ops.push({ kind: 'put', key: keys.slot(shard, tenantId, where.lotId, slot), value: record });
      if (ops.length === IN_ONE) await write();
    }
  }
  if (ops.length > 0) await write();
  await Promise.all(underWay);
  return bytes / count;
}
