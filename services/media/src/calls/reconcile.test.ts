import { Reason } from '@parkade/proto';
import { expect, test } from 'vitest';
import { TwoNodes } from '../testing/two-nodes.js';

/** From one reconciliation to the one after the next. */
const TWO_ROUNDS_MS = 70_000;

async function inWorld(run: (world: TwoNodes) => Promise<void>): Promise<void> {
  const world = await TwoNodes.start(() => Promise.resolve(undefined));
  try {
    await run(world);
  } finally {
    await world.close();
  }
}

const refusal = (reason: Reason) =>
  Promise.resolve({ ok: false, known: true, reason, message: Reason[reason], metadata: {} } as const);

test('a call whose slot somebody else has freed goes back to its parker, and does not wait for nothing (X3)', () =>
  inWorld(async (world) => {
    const caller = await world.parked();
    world.slot.current = undefined;
    await world.pass(TWO_ROUNDS_MS);
    expect([caller.peer?.phone.user, caller.isAlive]).toEqual(['1001', true]);
  }));

test('who hears that the slot is free looks at once; a call that is still in a slot stays in it (X3)', () =>
  inWorld(async (world) => {
    const caller = await world.parked();
    const { calls } = world.here.agent;
    const gone = { callId: caller.uuid, parkId: world.slot.current?.parkId ?? '' };
    calls.slotFreed(gone);
    await world.pass(5_000);
    expect(caller.parked).toBe(true);
    world.slot.current = undefined;
    calls.slotFreed({ ...gone, parkId: 'another' });
    await world.pass(5_000);
    expect(caller.parked).toBe(true);
    calls.slotFreed(gone);
    await world.pass(5_000);
    expect(caller.peer?.phone.user).toBe('1001');
  }));

const NOT_SAID = [Reason.OVERLOADED, Reason.PERMISSION_DENIED, Reason.INTERNAL];

test.each([
  ['the slots', NOT_SAID, [Reason.PARK_NOT_FOUND]],
  ['one park', [Reason.LOT_NOT_FOUND], NOT_SAID],
] as const)(
  'an owner that refuses to tell of %s has not said that nothing is parked: nobody is moved (X1)',
  (_, lists, parks) =>
    inWorld(async (world) => {
      // As a process finds it that has just come: it knows none of the legs.
      const mark = 'parkade_park=0199-x:1,parkade_tenant=acme,parkade_back=1001';
      void world.here.agent.sw.originate(`{origination_uuid=waits-1,${mark}}user/2001@acme.example`, 1_000);
      await world.pass(100);
      const leg = world.here.sim.core.find('waits-1');
      for (const list of lists) {
        for (const park of parks) {
          world.slot.listSlots = () => refusal(list);
          world.slot.getPark = () => refusal(park);
          await world.pass(TWO_ROUNDS_MS);
          expect([leg?.parked, leg?.peer]).toEqual([true, undefined]);
        }
      }
      world.slot.listSlots = () => refusal(Reason.LOT_NOT_FOUND);
      world.slot.getPark = () => refusal(Reason.PARK_NOT_FOUND);
      await world.pass(TWO_ROUNDS_MS);
      expect(leg?.peer?.phone.user).toBe('1001');
    }),
);
