import { setTimeout as delay } from 'node:timers/promises';
import { SystemClock } from '@parkade/clock';
import { keys } from '@parkade/ids';
import { MEDIA_ROLE } from '@parkade/media';
import { namedPartitions } from '@parkade/ownership';
import { Owner } from '@parkade/proto';
import { putLot, putTenant } from '@parkade/settings';
import { openEtcdStore } from '@parkade/store';
import { machine } from '../measure/machine.js';
import type { Pauses } from '../measure/pauses.js';
import { startBackends } from '../processes/backends.js';
import type { BenchProcess } from '../processes/bench-process.js';
import type { Rung } from '../processes/run-phones.js';
import { served } from '../processes/served.js';
import { below, type Figure, none } from '../result.js';
import { parkDueCalls } from './parked-calls.js';

const SHARDS = 16;
const TENANTS = Array.from({ length: 100 }, (_, i) => `tenant-${i}`);
const CALLS = 10_000;
const LEAD_MS = 15_000;
const WINDOW_MS = 30_000;
/** After the last deadline, before what did not ring counts as missing. */
const TAIL_MS = 5_000;
const ALLOWED_LATE_MS = 30;

/**
 * 10,000 parked calls due inside 30 s, with etcd, NATS, the owner of the slots, the recall service and the owner of the media node
 * in a process each. An attempt starts when the request to ring is at the media node's owner, decoded; it is late by how much that
 * is after the deadline in the slot's record. Each phone is picked up after 1 s, and the call is connected.
 */
export async function dueCallFigures(): Promise<readonly Figure[]> {
  const backends = await startBackends();
  try {
    await configure(backends.etcd.endpoint);
    const phones = await backends.start({ role: 'phones' });
    await ownMediaNode(backends.etcd.endpoint, phones.address);
    const owner = await backends.start({ role: 'owner', shards: SHARDS });
    const domains = Object.fromEntries(TENANTS.map((tenant) => [tenant, 'bench.example']));
    const recall = await backends.start({ role: 'recall', domains });
    await served(owner, SHARDS);
    await served(recall, SHARDS);
    const processes = { owner, recall, phones };
    const plan = { calls: CALLS, shards: SHARDS, tenants: TENANTS, leadMs: LEAD_MS, windowMs: WINDOW_MS };
    const startMs = Date.now();
    const due = await parkDueCalls(owner.address, backends.clusterToken, plan);
    await delay(Math.max(0, startMs + LEAD_MS - Date.now()));
    await pauses(processes);
    const before = await backends.cpu(processes);
    await delay(WINDOW_MS + TAIL_MS);
    const after = await backends.cpu(processes);
    console.log(`  ${machine()}`);
    for (const [name, us] of Object.entries(after)) {
      console.log(`  ${name.padEnd(8)}${((us - (before[name] ?? 0)) / CALLS).toFixed(0).padStart(6)} µs CPU a recall`);
    }
    for (const [name, held] of Object.entries(await pauses(processes))) console.log(`  ${name.padEnd(8)}${told(held)}`);
    return figures(due, await phones.ask('rungs', undefined));
  } finally {
    await backends.stop();
  }
}

async function configure(etcd: string): Promise<void> {
  const store = await openEtcdStore({ endpoints: [etcd], clock: new SystemClock() });
  for (const tenantId of TENANTS) {
    await putTenant(store, tenantId, {});
    await putLot(store, tenantId, 'default', { any_slot: true });
  }
  await store.txn({
    compare: [],
    success: [{ kind: 'put', key: keys.mediaNode('media-1'), value: Buffer.from('{}', 'utf8') }],
  });
  await store.close();
}

/** Whoever looks for the media node's owner finds the process at `address`. */
async function ownMediaNode(etcd: string, address: string): Promise<void> {
  const store = await openEtcdStore({ endpoints: [etcd], clock: new SystemClock() });
  const key = namedPartitions(MEDIA_ROLE, () => []).keyOf('media-1');
  const value = Owner.encode({ memberId: 'phones', address, incarnation: '1' }).finish();
  await store.txn({ compare: [], success: [{ kind: 'put', key, value }] });
  await store.close();
}

async function pauses(processes: Readonly<Record<string, BenchProcess>>): Promise<Readonly<Record<string, Pauses>>> {
  const held: Record<string, Pauses> = {};
  for (const [name, one] of Object.entries(processes)) held[name] = await one.ask('pauses', undefined);
  return held;
}

function told({ youngMs, oldMs, allMs, lateP99Ms, lateMs }: Pauses): string {
  const [young, old, all, p99, worst] = [youngMs, oldMs, allMs, lateP99Ms, lateMs].map((ms) => ms.toFixed(1));
  return `collections: young ≤ ${young}, old ≤ ${old}, in all ${all} ms; timers late: p99 ${p99}, worst ${worst} ms`;
}

function figures(due: ReadonlyMap<string, number>, rungs: readonly Rung[]): readonly Figure[] {
  const first = new Map<string, number>();
  const legs = new Set<string>();
  let doubled = 0;
  for (const { parkId, legId, atMs } of rungs) {
    if (!first.has(parkId)) first.set(parkId, atMs);
    if (legs.has(legId)) doubled++;
    legs.add(legId);
  }
  const late: number[] = [];
  let missing = CALLS - due.size;
  for (const [parkId, dueMs] of due) {
    const atMs = first.get(parkId);
    if (atMs === undefined) missing++;
    else late.push(atMs - dueMs);
  }
  late.sort((a, b) => a - b);
  const share = (of: number): number => late[Math.floor(late.length * of)] ?? Infinity;
  return [
    below('recall_late_p99_ms', share(0.99), ALLOWED_LATE_MS, 'ms'),
    below('recall_late_p50_ms', share(0.5), ALLOWED_LATE_MS, 'ms'),
    none('recall_missing', missing, 'calls'),
    none('recall_doubled', doubled, 'calls'),
    none('recall_early', late.filter((ms) => ms < 0).length, 'calls'),
  ];
}
