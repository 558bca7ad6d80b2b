import type { Channel } from '@parkade/media-simulator';
import { ParkState, Reason } from '@parkade/proto';
import { expect, test } from 'vitest';
import { TwoNodes } from '../testing/two-nodes.js';

interface Parked {
  readonly world: TwoNodes;
  readonly caller: Channel;
  readonly leaving: { readonly callId: string; readonly parkId: string };
}

async function parked(run: (given: Parked) => Promise<void>): Promise<void> {
  const world = await TwoNodes.start(() => Promise.resolve(undefined));
  try {
    const caller = await world.parked();
    await run({ world, caller, leaving: { callId: caller.uuid, parkId: world.slot.current?.parkId ?? '' } });
  } finally {
    await world.close();
  }
}

/** What comes of it while time goes on. */
async function came<T>(world: TwoNodes, asked: Promise<T>): Promise<T> {
  await world.pass(3_000);
  return asked;
}

test('a call is handed over once for its park, however often that is asked, and not ended for it later (V2)', () =>
  parked(async ({ world, caller, leaving }) => {
    const { agent } = world.here;
    expect(await came(world, agent.handOver(leaving, '1003', ''))).toBe('done');
    expect(caller.parked).toBe(false);
    // As if in a mailbox: answered, and it talks with nobody.
    const seen = { legId: caller.uuid, answered: true, inPark: false, seenAt: 0 };
    expect(await came(world, agent.sw.park(seen, false))).toBe('parked');
    expect(caller.parked).toBe(true);
    expect(await came(world, agent.handOver(leaving, '1003', ''))).toBe('not-held');
    expect(await came(world, agent.endParked(leaving))).toBe('done');
    expect([caller.parked, caller.isAlive]).toEqual([true, true]);
  }));

test('a call that is in another park by now is neither handed over nor ended for the one before; nor while nobody knows (V1)', () =>
  parked(async ({ world, caller, leaving }) => {
    const { agent } = world.here;
    const before = { ...leaving, parkId: 'the-park-before' };
    expect(await came(world, agent.handOver(before, '1003', ''))).toBe('not-held');
    expect(await came(world, agent.endParked(before))).toBe('done');
    const { slot } = world;
    const getPark = slot.getPark.bind(slot);
    slot.getPark = () =>
      Promise.resolve({ ok: false, known: true, reason: Reason.OVERLOADED, message: 'later', metadata: {} });
    expect(await came(world, agent.handOver(before, '1003', ''))).toBe('unknown');
    expect(await came(world, agent.endParked(before))).toBe('unknown');
    slot.getPark = getPark;
    expect([caller.parked, caller.isAlive]).toEqual([true, true]);
  }));

test('a call that was moved, and is marked with the park before still, leaves for its own park', () =>
  parked(async ({ world, caller, leaving }) => {
    const { agent, sim } = world.here;
    const moved = { ...leaving, parkId: 'the-park-after' };
    const now = world.slot.current;
    if (now === undefined) throw new Error('not parked');
    world.slot.current = { ...now, parkId: moved.parkId, state: ParkState.PARKED };
    expect(await came(world, agent.handOver(moved, '1003', ''))).toBe('done');
    expect(sim.core.find(caller.uuid)?.parked).toBe(false);
  }));

test('a call whose slot was freed because its time is over is ended; one that talks is let alone (V3)', () =>
  parked(async ({ world, caller, leaving }) => {
    const { agent, sim } = world.here;
    const talker = sim.call('2001', '1003');
    await world.pass(100);
    expect(await came(world, agent.endParked({ ...leaving, callId: talker.uuid }))).toBe('done');
    expect(talker.isAlive).toBe(true);
    expect(await came(world, agent.endParked(leaving))).toBe('done');
    expect(caller.isAlive).toBe(false);
  }));

test('a call that somebody is fetching is not handed over: he was first (V4, R2)', () =>
  parked(async ({ world, caller, leaving }) => {
    const { agent } = world.here;
    const now = world.slot.current;
    if (now === undefined) throw new Error('not parked');
    world.slot.current = { ...now, state: ParkState.RETRIEVING };
    expect(await came(world, agent.handOver(leaving, '1003', ''))).toBe('not-held');
    expect(caller.parked).toBe(true);
  }));

test('a call whose end the switch was not told of has not ended: it is asked for again', async () => {
  let lost = true;
  const world = await TwoNodes.start((step, when) =>
    Promise.resolve(lost && when === 'before' && step === 'uuid_kill at here' ? 'lost' : undefined),
  );
  try {
    const caller = await world.parked();
    const leaving = { callId: caller.uuid, parkId: world.slot.current?.parkId ?? '' };
    const { agent } = world.here;
    expect([await came(world, agent.endParked(leaving)), caller.isAlive]).toEqual(['unknown', true]);
    lost = false;
    expect([await came(world, agent.endParked(leaving)), caller.isAlive]).toEqual(['done', false]);
  } finally {
    await world.close();
  }
});
