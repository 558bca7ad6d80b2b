import { credentials } from '@grpc/grpc-js';
import { EmbeddedBus } from '@parkade/bus';
import { SystemClock, SystemRandom } from '@parkade/clock';
import { homeShard, newRequestId } from '@parkade/ids';
import { Direction, type ExchangeResponse, MediaControl, OnOccupied, SlotShardServiceClient } from '@parkade/proto';
import { DEFAULT_LIMITS as RECALL_LIMITS, MediaSimulator, startRecall } from '@parkade/recall';
import { silentLog, toDuration } from '@parkade/rpc';
import { putLot, putTenant } from '@parkade/settings';
import { DEFAULT_LIMITS as SLOT_LIMITS, startSlotShard } from '@parkade/slot-shard';
import { openEmbeddedStore } from '@parkade/store';
import { below, type Figure, none } from '../result.js';

const CALLS = 10_000;
const SHARDS = 16;
const TENANTS = 100;
/** The calls are due inside this time, spread evenly. */
const WINDOW_MS = 30_000;
/** From parking the first call to the first deadline: every call is parked by then. */
const LEAD_MS = 15_000;
/** After the last deadline, before what did not ring counts as missing. */
const TAIL_MS = 5_000;
const ALLOWED_LATE_MS = 30;

/** 10,000 parked calls due inside 30 s: owner, recall service and a simulated switch in this process, over loopback gRPC. */
export async function dueCallFigures(): Promise<readonly Figure[]> {
  const clock = new SystemClock();
  const random = new SystemRandom();
  const store = await openEmbeddedStore({ clock });
  const tenants = Array.from({ length: TENANTS }, (_, i) => `tenant-${i}`);
  for (const tenantId of tenants) {
    await putTenant(store, tenantId, {});
    await putLot(store, tenantId, 'default', { any_slot: true });
  }
  const media = new MediaSimulator(clock);
  for (const tenantId of tenants)
    media.register(tenantId, '1001', ['phone'], { phone: { news: 'busy', afterMs: 200 } });
  const timing = { joinDelayMs: 10, settleMs: 50, claimJitterMs: 1 };
  const process1 = { host: '127.0.0.1', port: 0, version: '1.0.0', leaseTtlMs: 5_000 };
  const deps = { store, clock, random, log: silentLog, timing };
  const owner = await startSlotShard({ ...process1, memberId: 'owner-1', limits: SLOT_LIMITS }, SHARDS, {
    ...deps,
    bus: new EmbeddedBus({ clock }),
  });
  const recall = await startRecall({ ...process1, memberId: 'recall-1', limits: RECALL_LIMITS }, SHARDS, {
    ...deps,
    media,
  });
  while (owner.ownedShards() < SHARDS || recall.ownedPartitions() < SHARDS) await pause(20);

  const client = new SlotShardServiceClient(owner.address, credentials.createInsecure());
  const stream = client.exchange();
  stream.on('error', () => undefined);
  const due = new Map<string, number>();
  let answered = 0;
  stream.on('data', ({ answers }: ExchangeResponse) => {
    for (const { result } of answers) {
      answered++;
      if (result?.$case !== 'park') continue;
      const { callId = '' } = result.value.call ?? {};
      const at = result.value.recallAt;
      if (at !== undefined) due.set(callId, at.seconds * 1000 + at.nanos / 1e6);
    }
  });
  const startMs = clock.nowMs();
  for (let i = 0; i < CALLS; i++) {
    const tenantId = tenants[i % TENANTS] ?? '';
    const dueInMs = Math.round(startMs + LEAD_MS + (i * WINDOW_MS) / CALLS - clock.nowMs());
    stream.write({ commands: [parkCommand(i, tenantId, dueInMs, newRequestId(clock.nowMs(), random))] });
    if (i % 100 === 99) await pause(60);
  }
  while (answered < CALLS) await pause(20);
  await pause(Math.max(0, startMs + LEAD_MS + WINDOW_MS + TAIL_MS - clock.nowMs()));

  // A leg's id names its attempt: seen twice, an attempt rang twice. Calls that are due again ring in another attempt.
  const rung = new Map<string, number>();
  const legs = new Set<string>();
  let { doubled } = media;
  for (const deed of media.deeds) {
    if (deed.kind !== 'ring') continue;
    const { callId } = deed.request.forCall;
    if (!rung.has(callId)) rung.set(callId, deed.atMs);
    if (legs.has(deed.request.legId)) doubled++;
    legs.add(deed.request.legId);
  }
  const late: number[] = [];
  let early = 0;
  let missing = 0;
  for (const [callId, dueMs] of due) {
    const first = rung.get(callId);
    if (first === undefined) missing++;
    else late.push(first - dueMs);
    if (first !== undefined && first < Math.floor(dueMs)) early++;
  }
  missing += CALLS - due.size;
  late.sort((a, b) => a - b);
  stream.cancel();
  client.close();
  await recall.close();
  await owner.close();
  await store.close();
  return [
    below('recall_late_p99_ms', late[Math.floor(late.length * 0.99)] ?? Infinity, ALLOWED_LATE_MS, 'ms'),
    below('recall_late_p50_ms', late[Math.floor(late.length * 0.5)] ?? Infinity, ALLOWED_LATE_MS, 'ms'),
    none('recall_missing', missing, 'calls'),
    none('recall_doubled', doubled, 'calls'),
    none('recall_early', early, 'calls'),
  ];
}

function parkCommand(i: number, tenantId: string, dueInMs: number, requestId: string) {
  const call = {
    mediaNode: 'm1',
    callId: `call-${i}`,
    callerName: 'Bob',
    callerNumber: '555',
    direction: Direction.INBOUND,
    sipCallId: '',
  };
  const overrides = {
    ringbackTimeout: toDuration(Math.max(1_000, dueInMs)),
    callbackTimeout: undefined,
    maxPark: undefined,
    presenceId: '',
    presenceType: 0,
  };
  return {
    correlationId: i + 1,
    shard: homeShard(tenantId, 'default', SHARDS),
    timeoutMs: 30_000,
    settingsRevision: 0,
    fingerprint: i,
    part: 0,
    lotId: '',
    op: {
      $case: 'park' as const,
      value: {
        requestId,
        tenantId,
        target: { kind: { $case: 'slot' as const, value: { lotId: 'default', slot: `s${i}` } } },
        call,
        parker: { userId: '', deviceId: '', extension: '1001' },
        note: '',
        mediaControl: MediaControl.CLUSTER,
        overrides,
        onOccupied: OnOccupied.REJECT,
      },
    },
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
