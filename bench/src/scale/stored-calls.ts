import { setTimeout as delay } from 'node:timers/promises';
import { SystemClock, SystemRandom } from '@parkade/clock';
import { randomUUID } from 'node:crypto';
import { homeShard, keys, newParkId, newRequestId } from '@parkade/ids';
import { ShardMark, type SlotName, type SlotRecord } from '@parkade/proto';
import { decodeRecord, encodeRecord } from '@parkade/slots';
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
    if (found !== undefined) return decodeRecord(found.value);
    await delay(20);
  }
  throw new Error(`nothing is stored at ${key}`);
}

const [clock, random] = [new SystemClock(), new SystemRandom()];
const NAMES = ['Ada Lovelace', 'Grace Hopper', 'Edsger Dijkstra', 'Barbara Liskov', 'Tony Hoare', 'Frances Allen'];

/** The record of a slot with a call of its own: whatever differs from call to call is different, ids by chance. */
function anotherCall(template: SlotRecord, name: SlotName, parkId: string): SlotRecord {
  const [park] = template.parks;
  if (park?.call === undefined || template.last === undefined) throw new Error('the template is empty');
  const digits = (count: number): string => String(Math.floor(random.next() * 10 ** count)).padStart(count, '0');
  const [callId, atMs] = [randomUUID(), clock.nowMs()];
  const call = {
    ...park.call,
    callId,
    sipCallId: `${callId}@198.51.100.${digits(2)}`,
    callerName: NAMES[Math.floor(random.next() * NAMES.length)] ?? '',
    callerNumber: `+44${digits(10)}`,
  };
  const parker = { userId: `user-${digits(4)}`, deviceId: `desk-${digits(3)}`, extension: digits(4) };
  const lamp = `*3${name.slot}`;
  const policy = park.policy && { ...park.policy, presenceId: lamp };
  const requestId = newRequestId(atMs, random);
  return {
    ...template,
    name,
    parks: [
      {
        ...park,
        parkId,
        call,
        parker,
        policy,
        parkedAtMs: atMs,
        state: { $case: 'parked', value: { recallAtMs: atMs + 3_600_000 } },
      },
    ],
    last: { ...template.last, parkId, call, parker, requestId, atMs, presenceId: lamp },
    litPresenceId: lamp,
  };
}

/**
 * Puts parked calls into the store of a cluster without owners, as owners write them: copies of `template`, each with a name, ids and
 * numbers of its own; parking each would take minutes. Resolves to how many bytes a record has, on average.
 */
export async function storeCalls(store: Store, template: SlotRecord, where: StoredCalls): Promise<number> {
  let [bytes, count, newest] = [0, 0, 0];
  let ops: Op[] = [];
  const underWay = new Set<Promise<unknown>>();
  const write = async (): Promise<void> => {
    const commit = store.txn({ compare: [], success: ops }, { timeoutMs: 30_000 });
    ops = [];
    void commit.then(({ revision }) => (newest = Math.max(newest, revision)));
    underWay.add(commit);
    void commit.finally(() => underWay.delete(commit));
    if (underWay.size >= UNDER_WAY) await Promise.race(underWay);
  };
  for (const tenantId of where.tenants) {
    const shard = homeShard(tenantId, where.lotId, where.shards);
    for (let i = 0; i < where.perTenant; i++) {
      const slot = String(where.firstSlot + i);
      count++;
      const name = { tenantId, lotId: where.lotId, slot };
      const record = encodeRecord(anotherCall(template, name, newParkId(clock.nowMs(), shard, random)));
      bytes += record.length;
      ops.push({ kind: 'put', key: keys.slot(shard, tenantId, where.lotId, slot), value: record });
      if (ops.length === IN_ONE) await write();
    }
  }
  if (ops.length > 0) await write();
  await Promise.all(underWay);
  // They were parked long ago: their events are published.
  const mark = ShardMark.encode({ ...ShardMark.create(), publishedRevision: newest }).finish();
  for (let shard = 0; shard < where.shards; shard++) {
    ops.push({ kind: 'put', key: keys.mark(shard), value: mark });
    if (ops.length === IN_ONE) await write();
  }
  if (ops.length > 0) await write();
  await Promise.all(underWay);
  return bytes / count;
}
