import { SystemClock } from '@parkade/clock';
import { keys } from '@parkade/ids';
import { MediaControl, type ParkServiceClient, PresenceType, TransitionKind } from '@parkade/proto';
import { MediaSimulator } from '@parkade/recall';
import { toDuration } from '@parkade/rpc';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RecallChildren } from './recall-children.js';
import { park, parkRequest } from './support/calls.js';
import { readEvents } from './support/event-log.js';
import { storedSlots } from './support/stored-slots.js';
import { withCluster } from './support/with-cluster.js';

const CALLS = 200;
const TENANT = 'acme';
const SHARDS = 16;
/** How long a call may take from its deadline to its end: rung twice, each time taken up by another process. */
const END_WITHIN_MS = 60_000;
/** The lease of a recall process, as `recall-process.ts` has it. */
const LEASE_MS = 2_000;
/**
 * A call that is due rings within the lease time, wherever its process was killed; that one may fall upon the next one killed,
 * too, and the machine may be busy, so a few take longer, but none by much.
 */
const SHARE_WITHIN_LEASE = 0.9;
const TAKEN_UP_WITHIN_MS = 6 * LEASE_MS;

/** Every call has exactly one of these. */
const TERMINAL_EVENTS = new Set([
  'retrieved',
  'recall-answered',
  'branched',
  'expired',
  'abandoned',
  'escaped',
  'released',
]);

const clock = new SystemClock();
const media = new MediaSimulator(clock);
const cluster = withCluster({
  owners: 2,
  gateways: 1,
  shards: SHARDS,
  settings: {
    tenants: {
      [TENANT]: {
        settings: { recall: { attempts: 2, retry_interval_ms: 1_000, fallback: { to: 'disconnect' } } },
        lots: { default: { any_slot: true }, ...lots() },
      },
    },
  },
});

/** Lots that lie on many shards. */
function lots(): Record<string, unknown> {
  return Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`lot-${i}`, { any_slot: true }]));
}

let children: RecallChildren;
beforeAll(async () => {
  const { store, etcd } = cluster();
  await store.txn({
    compare: [],
    success: [{ kind: 'put', key: keys.mediaNode('node-1'), value: Buffer.from('{}', 'utf8') }],
  });
  children = new RecallChildren(media, etcd, SHARDS);
  await Promise.all([children.start('recall-1'), children.start('recall-2')]);
});
afterAll(async () => {
  await children.stop();
});

async function parkCall(client: ParkServiceClient, i: number, dueInMs: number): Promise<string> {
  const request = parkRequest(TENANT, `s${i}`, `call-${i}`);
  const parked = await park(client, {
    ...request,
    target: { kind: { $case: 'slot', value: { lotId: `lot-${i % 12}`, slot: `s${i}` } } },
    parker: { userId: '', deviceId: '', extension: `ext-${i}` },
    mediaControl: MediaControl.CLUSTER,
    overrides: {
      ringbackTimeout: toDuration(dueInMs),
      callbackTimeout: toDuration(2_000),
      maxPark: undefined,
      presenceId: '',
      presenceType: PresenceType.UNSPECIFIED,
    },
  });
  return parked.parkId;
}

describe('recalls of a real cluster whose recall processes are killed again and again', () => {
  it('ring every call, once at a time, and end each in exactly one terminal state', async () => {
    const [client] = cluster().clients;
    if (client === undefined) throw new Error('no gateway');
    const [seed = 0] = fc.sample(fc.nat(), 1);
    const random = (i: number): number => ((Math.imul(i + 1, 2_654_435_761) ^ seed) >>> 0) / 2 ** 32;
    let together = 0;
    const firstRungAtMs = new Map<string, number>();
    media.onDeed = (deed) => {
      if (deed.kind !== 'ring') return;
      const { legId, parkId } = deed.request;
      if (!firstRungAtMs.has(parkId)) firstRungAtMs.set(parkId, deed.atMs);
      if (media.legs.some((leg) => leg.parkId === parkId && leg.legId !== legId)) together++;
    };
    const parkIds: string[] = [];
    const dueAtMs = new Map<string, number>();
    for (let i = 0; i < CALLS; i++) {
      const answers = { [`phone-${i}`]: { news: 'answered' as const, afterMs: Math.floor(random(i) * 1_900) } };
      media.register(TENANT, `ext-${i}`, [`phone-${i}`], random(i + CALLS) < 0.6 ? answers : {});
      const dueInMs = 3_000 + Math.floor(random(i + 2 * CALLS) * 15_000);
      const parkId = await parkCall(client, i, dueInMs);
      parkIds.push(parkId);
      dueAtMs.set(parkId, clock.nowMs() + dueInMs);
    }
    const killing = new AbortController();
    const killer = (async () => {
      for (let round = 0; !killing.signal.aborted; round++) {
        const name = `recall-${1 + (round % 2)}`;
        await new Promise((resolve) => setTimeout(resolve, 1_500 + random(round) * 1_500));
        await children.kill(name);
        await children.start(name);
      }
    })();
    const endings = async (): Promise<ReadonlyMap<string, readonly TransitionKind[]>> => {
      const ended = new Map<string, TransitionKind[]>();
      for (const { record } of await storedSlots(cluster().store)) {
        for (const { parkId, how } of record.ended) ended.set(parkId, [...(ended.get(parkId) ?? []), how]);
      }
      return ended;
    };
    await expect
      .poll(async () => (await endings()).size, { timeout: END_WITHIN_MS, interval: 500, message: `seed ${seed}` })
      .toBe(CALLS);
    killing.abort();
    await killer;

    const ended = await endings();
    const connected = new Set(media.deeds.flatMap((deed) => (deed.kind === 'connect' ? [deed.call] : [])));
    const hungUp = new Set(media.deeds.flatMap((deed) => (deed.kind === 'hangup' ? [deed.call] : [])));
    for (const [i, parkId] of parkIds.entries()) {
      const how = ended.get(parkId) ?? [];
      expect([seed, i, how.length]).toEqual([seed, i, 1]);
      const joined = how[0] === TransitionKind.RECALL_ANSWERED || how[0] === TransitionKind.RETRIEVED;
      expect([seed, i, joined]).toEqual([seed, i, connected.has(`call-${i}`)]);
      expect(hungUp.has(`call-${i}`) && connected.has(`call-${i}`)).toBe(false);
    }
    expect(together).toBe(0);
    expect(media.doubled).toBe(0);
    expect(media.legs.length).toBe(connected.size);

    // None is missing, and each was taken up in time.
    const lateMs = parkIds.map((parkId) => (firstRungAtMs.get(parkId) ?? Infinity) - (dueAtMs.get(parkId) ?? 0));
    const withinLease = lateMs.filter((ms) => ms <= LEASE_MS).length;
    process.stderr.write(
      `${withinLease} of ${CALLS} rung within the lease of ${LEASE_MS} ms, the last after ${Math.max(...lateMs)} ms\n`,
    );
    expect(Math.max(...lateMs)).toBeLessThan(TAKEN_UP_WITHIN_MS);
    expect(withinLease / CALLS).toBeGreaterThan(SHARE_WITHIN_LEASE);

    // What was told is the same: of each call one end, and of each attempt one beginning.
    const events = (await readEvents(cluster().nats, 2 * CALLS)).map(({ event }) => event);
    const ends = events.filter(({ kind }) => TERMINAL_EVENTS.has(kind)).map(({ park_id: parkId }) => parkId);
    expect(ends.toSorted()).toEqual(parkIds.toSorted());
    const begun = events
      .filter(({ kind }) => kind === 'recalled')
      .map(({ park_id: id, attempt }) => `${id} ${attempt}`);
    expect(new Set(begun).size).toBe(begun.length);
  });
});
