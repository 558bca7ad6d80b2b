// A switch that crashed, and brings its calls back, while requests go on.
import type { Channel } from '@parkade/media-simulator';
import { expect, test } from 'vitest';
import type { RequestFault } from '../testing/one-slot.js';
import { TwoNodes } from '../testing/two-nodes.js';

interface Crashed {
  readonly world: TwoNodes;
  readonly callId: string;
  readonly parkId: string;
}

/** What becomes of a command, and of its answer. */
type Mishap = (step: string, when: 'before' | 'after') => RequestFault;

/** Crashes the switch and starts it again; resolves when it is connected. */
async function crash(world: TwoNodes, isBack: () => void): Promise<void> {
  const { sim, agent } = world.here;
  await sim.crash();
  await world.pass(100);
  await sim.restart();
  isBack();
  while (!agent.isUp) await world.pass(5);
}

/** A switch that has just come back after a crash, with a call parked at it; from then on commands fare as `mishap` says. */
async function comesBack(mishap: Mishap, run: (given: Crashed) => Promise<void>): Promise<void> {
  let isBack = false;
  const world = await TwoNodes.start((step, when) => Promise.resolve(isBack ? mishap(step, when) : undefined), {
    recovers: true,
  });
  try {
    // What is recovered when a process comes has been.
    await world.pass(3_000);
    const { uuid: callId } = await world.parked();
    const parkId = world.slot.current?.parkId ?? '';
    await crash(world, () => (isBack = true));
    await run({ world, callId, parkId });
  } finally {
    await world.close();
  }
}

/** The same where the switch loses a command whenever `loses` says so: in the end its call waits with music as before. */
async function crashed(loses: (step: string) => boolean, run: (given: Crashed) => Promise<void>): Promise<void> {
  await comesBack(
    (step, when) => (when === 'before' && loses(step) ? 'lost' : undefined),
    async (given) => {
      const { world, callId, parkId } = given;
      await run(given);
      await world.pass(40_000);
      expect([world.slot.current?.parkId, world.slot.endReason]).toEqual([parkId, undefined]);
      const back = leg(world, callId);
      expect([back?.parked, back?.nested?.argument]).toEqual([true, 'local_stream://moh']);
    },
  );
}

/** The leg of the call; undefined: the switch does not have it (yet). */
const leg = (world: TwoNodes, callId: string): Channel | undefined => world.here.sim.core.find(callId);

test.each([
  ['its instance', 'global_getvar at here'],
  ['that it recovers', 'sofia at here'],
])('a switch that does not say %s at first keeps its parked calls in their slots (A2, X1)', async (_, lost) => {
  let left = 1;
  await crashed(
    (step) => step === lost && left-- > 0,
    async ({ world }) => {
      await world.pass(10_000);
      expect(left).toBeLessThan(1);
    },
  );
});

test('who is connected with a parked call while its switch brings it back does not hear that the caller is gone (A2, N4)', async () => {
  let left = 1;
  await crashed(
    (step) => step === 'sofia at here' && left-- > 0,
    async ({ world, callId, parkId }) => {
      await world.pass(50);
      expect(leg(world, callId)).toBeUndefined();
      const { agent } = world.here;
      const asked = Promise.all([
        agent.legs.connect({ legId: 'leg-1', mediaNode: 'here', parkId }, callId),
        agent.handOver({ callId, parkId }, '1003', ''),
        agent.endParked({ callId, parkId }),
      ]);
      await world.pass(100);
      expect(await asked).toEqual(['unknown', 'unknown', 'unknown']);
      await world.pass(10_000);
    },
  );
});

test('a phone that is rung just when the switch has recovered has not failed because it is not there yet (L3)', async () => {
  let slow = false;
  const world: TwoNodes = await TwoNodes.start(
    async (step, when) => {
      if (slow && when === 'after' && step === 'uuid_dump at here') await world.sleep(2_500);
      return undefined;
    },
    { recovers: true },
  );
  try {
    const { agent, sim } = world.here;
    await crash(world, () => undefined);
    slow = true;
    sim.phone('1003').behaviour = { kind: 'rings' };
    const rung = agent.legs.ring({
      ...{ legId: 'leg-1', mediaNode: 'here', parkId: 'park-1', tenantId: 'acme', contact: 'user/1003@acme.example' },
      ...{ ringMs: 30_000, presentation: { name: '', number: '', alertInfo: '' }, followForwarding: false },
    });
    // Past what was asked of it while the switch recovered.
    await world.pass(5_500);
    expect([await rung, sim.core.find('leg-1')?.answerState, agent.legs.size]).toEqual([true, 'ringing', 1]);
  } finally {
    await world.close();
  }
});

test('a switch that never says that it recovers is waited for within a bound; then who is not there is gone, and it is told (A3)', async () => {
  await comesBack(
    (step, when) => (when === 'before' && step === 'sofia at here' ? 'lost' : undefined),
    async ({ world }) => {
      const { agent } = world.here;
      await world.pass(50_000);
      expect([world.slot.endReason, agent.mayRecover]).toEqual([undefined, true]);
      await world.pass(40_000);
      expect([world.slot.endReason, agent.mayRecover]).toEqual(['abandoned', false]);
      expect(world.logged.filter((line) => line.startsWith('a switch does not bring its calls back'))).toHaveLength(1);
    },
  );
});

test('where no answer is heard that a switch recovers, the callers whom it has brought back keep their slots (A3, R25)', async () => {
  await comesBack(
    (step, when) => (when === 'after' && step === 'sofia at here' ? 'unheard' : undefined),
    async ({ world, callId, parkId }) => {
      await world.pass(120_000);
      expect([world.slot.current?.parkId, leg(world, callId)?.parked]).toEqual([parkId, true]);
    },
  );
});
