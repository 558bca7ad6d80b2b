import { ParkState } from '@parkade/proto';
import { expect, test } from 'vitest';
import { TwoNodes } from '../testing/two-nodes.js';
import type { FetchRequest } from './fetching.js';

/** Of what is asked of the switch about the phone: that it parks is not lost. */
const LOST = [2, 3];

test('a phone that came for a call, and was left in park by whoever had its node, is told and ends (X3, R3)', async () => {
  // Nobody is parked. The phone is put into park to be told so, and neither that nor its end reaches the switch.
  const asked: string[] = [];
  const world = await TwoNodes.start((step, when) => {
    if (when === 'before' && /^uuid_(transfer|kill)/.test(step)) asked.push(step);
    return Promise.resolve(
      when === 'before' && LOST.includes(asked.length) && step === asked.at(-1) ? 'lost' : undefined,
    );
  });
  try {
    const phone = world.here.sim.call('1002', '*5701');
    await world.pass(1_000);
    expect(asked).toEqual(['uuid_transfer at here', 'uuid_transfer at here', 'uuid_kill at here']);
    expect(phone.isAlive && phone.parked).toBe(true);
    await world.pass(10_000);
    expect(phone.isAlive).toBe(false);
  } finally {
    await world.close();
  }
});

test('a phone that was rung for a parked call, and is nobody’s since its process has gone, is ended; the call stays (X3, K3)', async () => {
  const world = await TwoNodes.start(() => Promise.resolve(undefined));
  try {
    const { sim, agent } = world.here;
    const caller = await world.parked();
    const parkId = world.slot.current?.parkId ?? '';
    const leg = `origination_uuid=rung-1,parkade_leg_of=${parkId},parkade_retrieve=${parkId}`;
    void agent.sw.originate(`{${leg}}user/1002@acme.example`, 1_000);
    await world.pass(100);
    expect(sim.core.find('rung-1')?.parked).toBe(true);
    // Longer than from one reconciliation to the next.
    await world.pass(70_000);
    expect([sim.core.find('rung-1'), caller.parked, world.slot.current?.parkId]).toEqual([undefined, true, parkId]);
  } finally {
    await world.close();
  }
});

test('a phone that waits in park for something else, having called no code of ours, is let alone (X3)', async () => {
  const world = await TwoNodes.start(() => Promise.resolve(undefined));
  try {
    const { sim, agent } = world.here;
    const phone = sim.call('1002', '1003');
    await world.pass(20);
    void agent.sw.rescue(phone.uuid);
    // Longer than from one reconciliation to the next.
    await world.pass(70_000);
    expect(phone.isAlive && phone.parked && phone.running?.application === 'park').toBe(true);
  } finally {
    await world.close();
  }
});

/** How 1002 gets the parked call. */
const FETCHES: readonly [string, (world: TwoNodes) => void][] = [
  ['the phone came for it', ({ here }) => void here.sim.call('1002', '*5701')],
  [
    'the phone was rung for it',
    ({ here, slot }) => {
      const wanted = { parkId: slot.current?.parkId ?? '', tenantId: 'acme', extension: '1002', ringMs: 20_000 };
      void here.agent.calls.fetching.fetch({ legId: 'rung-1', mediaNode: 'here', ...wanted });
    },
  ],
];

test.each(FETCHES)(
  'a call was fetched, and the switch did not hear that it waits no more; where %s: both are let alone from then on (X3)',
  async (_, fetch) => {
    let lost = false;
    const world = await TwoNodes.start((step, when) =>
      Promise.resolve(lost && when === 'before' && step === 'uuid_setvar_multi at here' ? 'lost' : undefined),
    );
    try {
      const caller = await world.parked();
      lost = true;
      fetch(world);
      await world.pass(1_000);
      lost = false;
      const taker = caller.peer;
      expect([taker?.phone.user, caller.variables.has('parkade_park')]).toEqual(['1002', true]);
      await world.takeOver('here');
      await world.pass(40_000);
      expect([caller.peer, taker?.peer]).toEqual([taker, caller]);
      expect([caller.variables.has('parkade_park'), taker?.variables.get('parkade_retrieve')]).toEqual([
        false,
        undefined,
      ]);
      void world.here.agent.sw.rescue(caller.uuid);
      await world.pass(70_000);
      expect([caller.isAlive, caller.parked]).toEqual([true, true]);
    } finally {
      await world.close();
    }
  },
);

/** What the board asks for: the parked call, at 1002. */
function wanted({ slot }: TwoNodes): FetchRequest {
  const parkId = slot.current?.parkId ?? '';
  return { legId: 'rung-1', mediaNode: 'here', parkId, tenantId: 'acme', extension: '1002', ringMs: 25_000 };
}

test('a phone that rings for a call, whose process has gone, rings no longer than it takes to ask the next process (K3)', async () => {
  for (const asksAgain of [false, true]) {
    const world = await TwoNodes.start(() => Promise.resolve(undefined));
    try {
      await world.parked();
      world.here.sim.phone('1002').behaviour = { kind: 'rings' };
      void world.here.agent.calls.fetching.fetch(wanted(world));
      await world.pass(200);
      await world.takeOver('here');
      expect(world.here.sim.core.find('rung-1')?.answerState).toBe('ringing');
      if (asksAgain) void world.here.agent.calls.fetching.fetch(wanted(world));
      await world.pass(7_000);
      const rings = world.here.sim.core.find('rung-1') !== undefined;
      expect([asksAgain, rings, world.slot.current?.state]).toEqual([asksAgain, asksAgain, ParkState.PARKED]);
    } finally {
      await world.close();
    }
  }
});
