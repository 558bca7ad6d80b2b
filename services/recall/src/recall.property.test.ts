import { SeededRandom } from '@parkade/clock';
import { MediaControl, ReleaseCause } from '@parkade/proto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LegNews } from './machine/index.js';
import type { Operation } from './run/owner-port.js';
import { callRef, type Process, World } from './testing/world.js';

/** Every message takes up to 40 ms, each its own time. */
const jitter = (random: { next(): number }) => () => Math.floor(random.next() * 40);

const RECALL_LIMITS = { retry_interval_ms: 2_000, attempts: 3, fallback: { to: 'voicemail' } };

interface Pickup {
  readonly wins: boolean;
}

/** Somebody picks the call up in two halves, as the media service does it; says whether he got it. */
async function pickUp(world: World, parkId: string, callId: string): Promise<Pickup> {
  const retriever = callRef('picker');
  const begin: Operation = {
    $case: 'beginRetrieve',
    value: {
      requestId: `pickup-${parkId}-${world.random.next()}`,
      tenantId: 'acme',
      from: { $case: 'parkId', value: parkId },
      retriever,
      mediaControl: MediaControl.CLUSTER,
      giveUpAfter: undefined,
    },
  };
  const outcome = await world.owner.send(0, begin);
  if (outcome.kind !== 'done') return { wins: false };
  const wins = world.media.takeElsewhere(callId);
  const named = { requestId: `${begin.value.requestId}-2`, tenantId: 'acme', parkId, retrieveId: outcome.retrieveId };
  await world.owner.send(
    0,
    wins
      ? { $case: 'confirmRetrieve', value: named }
      : { $case: 'giveBackRetrieve', value: { ...named, cause: 'busy' } },
  );
  return { wins };
}

// Most things happen close to each other, while messages are on their way: that is where races are.
const happening = fc.record({
  gapMs: fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: 0, max: 60 }) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 4_000 }) },
  ),
  what: fc.oneof(
    { weight: 4, arbitrary: fc.constant<LegNews>('answered') },
    { weight: 3, arbitrary: fc.constantFrom<LegNews>('busy', 'no-answer', 'unregistered', 'failed', 'hung-up') },
    { weight: 3, arbitrary: fc.constant('pick-up' as const) },
    { weight: 1, arbitrary: fc.constant('caller-hangs-up' as const) },
    { weight: 4, arbitrary: fc.constant('kill' as const) },
    { weight: 2, arbitrary: fc.constant('second-owner' as const) },
  ),
  contact: fc.constantFrom('a', 'b', 'c', 'd'),
});

async function play(world: World, acts: readonly (typeof happening extends fc.Arbitrary<infer T> ? T : never)[]) {
  world.setTenant({
    recall: {
      ...RECALL_LIMITS,
      recall_to: 'USER_FIRST_THEN_RING_GROUP',
      ring_group_id: 'g',
      ring_group_time_ms: 5_000,
    },
  });
  world.setRingGroup('g', {
    strategy: 'sequential',
    members: [
      { extension: '1002', timeout_ms: 1_500 },
      { extension: '1003', timeout_ms: 2_000 },
    ],
  });
  world.media.register('acme', '1001', ['a', 'b']);
  world.media.register('acme', '1002', ['c']);
  world.media.register('acme', '1003', ['d']);
  const alive: Process[] = [world.start()];
  world.park('p1', { policy: { ringbackTimeoutMs: 1_000, maxParkMs: 40_000 } });
  const pickups: Promise<Pickup>[] = [];
  await world.clock.advance(1_000);
  for (const { gapMs, what, contact } of acts) {
    await world.clock.advance(gapMs);
    switch (what) {
      case 'pick-up':
        pickups.push(pickUp(world, 'p1', 'call-p1'));
        break;
      case 'caller-hangs-up':
        if (world.media.whereIs('call-p1') !== 'held') break;
        world.media.callerHangsUp('call-p1');
        world.owner.apply({
          $case: 'release',
          value: { requestId: 'hangup', tenantId: 'acme', parkId: 'p1', cause: ReleaseCause.ABANDONED, callId: '' },
        });
        break;
      case 'kill':
        alive.shift()?.kill();
        if (alive.length === 0) alive.push(world.start());
        break;
      case 'second-owner':
        // Both believe that the partition is theirs, for a while.
        if (alive.length < 2) alive.push(world.start());
        break;
      default:
        world.media.act(contact, what);
    }
  }
  await world.clock.advance(120_000);
  for (const each of alive) each.kill();
  return Promise.all(pickups);
}

describe('a recall, under random interleavings of answers, pickups, hang-ups, crashes and two owners at once', () => {
  it('ends in exactly one terminal state, with one winner, and no leg left ringing (R2, R12, R15)', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(happening, { maxLength: 16 }), fc.nat(), async (acts, seed) => {
        const world = new World(seed, jitter);
        const pickups = await play(world, acts);
        expect(world.defects).toEqual([]);
        expect(world.owner.terminals.get('p1')).toHaveLength(1);
        expect(new Set(world.owner.begun).size).toBe(world.owner.begun.length);
        const connects = world.media.deeds.filter(({ kind }) => kind === 'connect').length;
        const winners = connects + pickups.filter(({ wins }) => wins).length;
        expect(winners).toBeLessThanOrEqual(1);
        const terminal = world.owner.terminals.get('p1')?.[0];
        // What was connected is told as such; and what is told as connected is.
        if (winners === 1) expect(['RETRIEVED', 'RECALL_ANSWERED']).toContain(terminal);
        else expect(['BRANCHED', 'EXPIRED', 'ABANDONED']).toContain(terminal);
        const ringing = world.media.legs.length - connects;
        expect(ringing).toBe(0);
      }),
      { numRuns: 600 },
    );
  }, 120_000);

  it('a pickup while it rings cancels every ringing leg and wins, unless somebody has answered before (R2, R15)', async () => {
    const contacts = ['a', 'b', 'c'];
    const moment = fc.integer({ min: 0, max: 400 });
    const answers = fc.array(fc.record({ contact: fc.constantFrom(...contacts), atMs: moment }), { maxLength: 3 });
    const seen = { pickedUp: 0, answered: 0, together: 0 };
    await fc.assert(
      fc.asyncProperty(moment, answers, fc.nat(), async (pickupAtMs, answered, seed) => {
        const world = new World(seed, jitter);
        world.media.register('acme', '1001', contacts);
        const process = world.start();
        world.park('p1', { policy: { ringbackTimeoutMs: 1_000 } });
        await world.clock.advance(1_200);
        expect(world.media.legs.length).toBe(3);
        const begunMs = world.clock.nowMs();
        const acts = answered
          .map(({ contact, atMs }) => ({ atMs, act: () => void world.media.act(contact, 'answered') }))
          .concat({ atMs: pickupAtMs, act: () => void (pickup = pickUp(world, 'p1', 'call-p1')) });
        let pickup: Promise<Pickup> | undefined;
        for (const { atMs, act } of acts.toSorted((one, other) => one.atMs - other.atMs)) {
          await world.clock.advance(begunMs + atMs - world.clock.nowMs());
          act();
        }
        // Long enough for every message, too short for any timer.
        await world.clock.advance(1_000);
        const wins = (await pickup)?.wins === true;
        const connects = world.media.deeds.filter(({ kind }) => kind === 'connect').length;
        expect([wins, connects]).toEqual(wins ? [true, 0] : [false, 1]);
        expect(world.owner.terminals.get('p1')).toEqual([wins ? 'RETRIEVED' : 'RECALL_ANSWERED']);
        // No phone rings any more: only the one that has the call is still there.
        expect(world.media.legs.length).toBe(connects);
        expect([world.media.doubled, world.defects]).toEqual([0, []]);
        const first = Math.min(...answered.map(({ atMs }) => atMs));
        // Whoever was first by more than a message takes has it.
        if (first > pickupAtMs + 200) expect(wins).toBe(true);
        if (first + 200 < pickupAtMs) expect(wins).toBe(false);
        seen[wins ? 'pickedUp' : 'answered']++;
        if (Math.abs(first - pickupAtMs) <= 40) seen.together++;
        process.kill();
      }),
      { numRuns: 400 },
    );
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(20);
  }, 60_000);
});

describe('a process that is killed at any moment of a recall', () => {
  it.each(Array.from({ length: 8 }, (_, group) => group))(
    'is followed by one that finds, joins or cancels its legs, never doubling one: 25 moments, group %i',
    async (group) => {
      for (let i = 0; i < 25; i++) {
        const seed = group * 25 + i;
        const world = new World(seed, jitter);
        const random = new SeededRandom(seed + 1_000);
        const answer = { news: 'answered' as const, afterMs: 500 + Math.floor(random.next() * 5_000) };
        // Near the beginning, near the answer, or anywhere.
        const nearMs = [1_000, 1_050 + answer.afterMs, 1_000 + random.next() * 6_000][seed % 3] ?? 0;
        const killAtMs = Math.floor(nearMs + random.next() * 200);
        world.media.register('acme', '1001', ['a', 'b'], seed % 4 === 3 ? {} : { b: answer });
        world.setTenant({ recall: { retry_interval_ms: 2_000, attempts: 2, fallback: { to: 'disconnect' } } });
        const first = world.start();
        world.park('p1', { policy: { ringbackTimeoutMs: 1_000, callbackTimeoutMs: 4_000 } });
        await world.clock.advance(killAtMs);
        first.kill();
        const second = world.start();
        await world.clock.advance(60_000);
        second.kill();
        expect([seed, world.defects, world.owner.terminals.get('p1')?.length]).toEqual([seed, [], 1]);
        expect(world.media.doubled).toBe(0);
        expect(world.media.legs.length).toBe(world.media.deeds.filter(({ kind }) => kind === 'connect').length);
      }
    },
    60_000,
  );
});
