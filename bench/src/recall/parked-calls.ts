import { setTimeout as delay } from 'node:timers/promises';
import { credentials } from '@grpc/grpc-js';
import { type Clock, SystemClock, SystemRandom } from '@parkade/clock';
import { homeShard, newRequestId } from '@parkade/ids';
import {
  type Command,
  Direction,
  type ExchangeResponse,
  MediaControl,
  OnOccupied,
  SlotShardServiceClient,
} from '@parkade/proto';
import { timestampMs, toDuration } from '@parkade/rpc';
import { bearer } from '../processes/trust.js';

/** When and where calls are parked to be rung. */
export interface DuePlan {
  readonly calls: number;
  readonly shards: number;
  readonly tenants: readonly string[];
  /** From the first park to the first deadline; every call is parked by then. */
  readonly leadMs: number;
  /** The calls are due inside this time, spread evenly. */
  readonly windowMs: number;
}

const IN_ONE_MESSAGE = 100;
const ANSWERED_WITHIN_MS = 30_000;

/** Parks all calls at their owner, as a process of its cluster (`token`); resolves to the deadlines as their records have them, by park id, wall ms. */
export async function parkDueCalls(owner: string, token: string, plan: DuePlan): Promise<ReadonlyMap<string, number>> {
  const clock = new SystemClock();
  const random = new SystemRandom();
  const client = new SlotShardServiceClient(owner, credentials.createInsecure());
  const stream = client.exchange(bearer(token));
  stream.on('error', () => undefined);
  const due = new Map<string, number>();
  let answered = 0;
  stream.on('data', ({ answers }: ExchangeResponse) => {
    for (const { result } of answers) {
      answered++;
      if (result?.$case !== 'park') continue;
      const { parkId, recallAt } = result.value;
      if (recallAt !== undefined) due.set(parkId, timestampMs(recallAt));
    }
  });
  const startMs = clock.nowMs();
  try {
    for (let i = 0; i < plan.calls; i += IN_ONE_MESSAGE) {
      const calls = Array.from({ length: Math.min(IN_ONE_MESSAGE, plan.calls - i) }, (_, k) => i + k);
      const commands = calls.map((call) => command(call, plan, startMs, clock, newRequestId(clock.nowMs(), random)));
      stream.write({ commands });
      // Evenly, so that the owner is not still busy with it when the first is due.
      await delay((plan.leadMs * IN_ONE_MESSAGE) / plan.calls / 2);
    }
    const endMs = clock.monotonicMs() + ANSWERED_WITHIN_MS;
    while (answered < plan.calls && clock.monotonicMs() < endMs) await delay(20);
    return due;
  } finally {
    stream.cancel();
    client.close();
  }
}

function command(i: number, plan: DuePlan, startMs: number, clock: Clock, requestId: string): Command {
  const tenantId = plan.tenants[i % plan.tenants.length] ?? '';
  const dueInMs = Math.round(startMs + plan.leadMs + (i * plan.windowMs) / plan.calls - clock.nowMs());
  const call = {
    mediaNode: 'media-1',
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
    shard: homeShard(tenantId, 'default', plan.shards),
    timeoutMs: ANSWERED_WITHIN_MS,
    settingsRevision: 0,
    fingerprint: i,
    part: 0,
    lotId: '',
    trace: '',
    op: {
      $case: 'park',
      value: {
        requestId,
        tenantId,
        target: { kind: { $case: 'slot', value: { lotId: 'default', slot: `s${i}` } } },
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
