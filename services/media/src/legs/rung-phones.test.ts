// Phones that a recall rings for a parked call, where the process that runs the recall does nothing any more.
import type { Channel } from '@parkade/media-simulator';
import { expect, test } from 'vitest';
import type { RequestFault } from '../testing/one-slot.js';
import { TwoNodes } from '../testing/two-nodes.js';
import type { LegRequest } from './types.js';

const LEG = '0199b4a0-0000-8000-8000-0000000000a1';

interface Rung {
  readonly world: TwoNodes;
  readonly caller: Channel;
  readonly request: LegRequest;
  /** The phone's leg; undefined: it does not ring, nor talk. */
  readonly phone: () => Channel | undefined;
}

type AroundSteps = (step: string, when: 'before' | 'after', world: TwoNodes) => Promise<RequestFault>;

/** The switch takes its time before it begins to dial. */
const dialsLate: AroundSteps = async (step, when, world) => {
  if (when === 'before' && step === 'originate at here') await world.sleep(200);
  return undefined;
};

/** A parked caller, for whom 1003 is about to be rung. */
async function rung(
  run: (given: Rung) => Promise<void>,
  around: AroundSteps = () => Promise.resolve(undefined),
): Promise<void> {
  const world: TwoNodes = await TwoNodes.start((step, when) => around(step, when, world));
  try {
    const caller = await world.parked();
    const { sim } = world.here;
    sim.phone('1003').behaviour = { kind: 'rings' };
    const request: LegRequest = {
      legId: LEG,
      mediaNode: 'here',
      parkId: world.slot.current?.parkId ?? '',
      tenantId: 'acme',
      contact: 'user/1003@acme.example',
      ringMs: 300_000,
      presentation: { name: 'Parking slot 701', number: '2001', alertInfo: '' },
      followForwarding: false,
    };
    await run({ world, caller, request, phone: () => sim.core.find(LEG) });
  } finally {
    await world.close();
  }
}

test.each(['here', 'there'] as const)(
  'a call is fetched from %s while a phone rings for it: it rings no more, whoever rang it (R15)',
  (where) =>
    rung(async ({ world, caller, request, phone }) => {
      void world.here.agent.legs.ring(request);
      await world.pass(100);
      expect(phone()?.answerState).toBe('ringing');
      world[where].sim.call('1002', '*5701');
      await world.pass(1_000);
      expect(phone()).toBeUndefined();
      expect((caller.peer?.across?.peer ?? caller.peer)?.phone.user).toBe('1002');
    }),
);

test('a caller hangs up while a phone rings for him: it rings no more (R15)', () =>
  rung(async ({ world, caller, request, phone }) => {
    void world.here.agent.legs.ring(request);
    await world.pass(100);
    world.here.sim.hangUp(caller);
    await world.pass(100);
    expect(phone()).toBeUndefined();
  }));

test('a phone that rings for a call that left while its node had another owner stops at the next look (R15, X3)', () =>
  rung(async ({ world, caller, request, phone }) => {
    void world.here.agent.legs.ring(request);
    await world.pass(100);
    await world.takeOver('here');
    // Longer than from one reconciliation to the next.
    await world.pass(70_000);
    expect(phone()?.answerState).toBe('ringing');
    world.here.sim.hangUp(caller);
    await world.pass(70_000);
    expect(phone()).toBeUndefined();
  }));

test('a phone that answers for a call that nobody gives it does not wait in silence for ever (L5)', () =>
  rung(async ({ world, caller, request, phone }) => {
    const { sim, agent } = world.here;
    void agent.legs.ring(request);
    await world.pass(100);
    sim.pickUp(phone() ?? caller);
    await world.pass(200);
    agent.legs.endRinging(request.parkId);
    await world.pass(5_000);
    // It has answered: whoever rang it may connect it still.
    expect(phone()?.parked).toBe(true);
    await world.pass(11_000);
    expect([phone(), caller.parked]).toEqual([undefined, true]);
  }));

test('a phone that has got the call keeps it, however long (L5)', () =>
  rung(async ({ world, caller, request, phone }) => {
    const { sim, agent } = world.here;
    void agent.legs.ring(request);
    await world.pass(100);
    sim.pickUp(phone() ?? caller);
    await world.pass(200);
    const joined = agent.legs.connect(request, caller.uuid);
    await world.pass(200);
    expect(await joined).toBe('connected');
    await world.pass(20_000);
    expect(caller.peer).toBe(phone());
  }));

test('a phone is cancelled before the switch has begun to dial it: it does not ring after that (R15)', () =>
  rung(async ({ world, request, phone }) => {
    void world.here.agent.legs.ring(request);
    await world.pass(50);
    expect(phone()).toBeUndefined();
    const cancelled = world.here.agent.legs.cancel(request, true);
    await world.pass(1_000);
    expect([await cancelled, phone(), world.here.sim.phone('1003').shown.length]).toEqual([true, undefined, 1]);
  }, dialsLate));

test('a caller hangs up before the switch has begun to dial a phone that somebody wants him at: it does not ring after that (K1)', () =>
  rung(async ({ world, caller, request, phone }) => {
    const { agent, sim } = world.here;
    const fetched = agent.calls.fetching.fetch({ ...request, extension: '1003' });
    await world.pass(50);
    expect(phone()).toBeUndefined();
    sim.hangUp(caller);
    await world.pass(1_000);
    expect([await fetched, phone(), sim.phone('1003').shown.length]).toEqual(['gone', undefined, 1]);
  }, dialsLate));

test('where nobody knows whether a phone was cancelled that is told, so that it is asked again (R15)', () => {
  let lost = 1;
  return rung(
    async ({ world, request, phone }) => {
      void world.here.agent.legs.ring(request);
      await world.pass(100);
      await world.takeOver('here');
      const { legs } = world.here.agent;
      const first = legs.cancel(request, true);
      await world.pass(100);
      expect([await first, phone()?.answerState]).toEqual([false, 'ringing']);
      const second = legs.cancel(request, true);
      await world.pass(100);
      expect([await second, phone()]).toEqual([true, undefined]);
    },
    (step, when) =>
      Promise.resolve(when === 'before' && step === 'uuid_kill at here' && lost-- > 0 ? 'lost' : undefined),
  );
});

test('where nobody knows whether a leg exists it is not dialled, and that is told (L1)', () => {
  let asked = 0;
  return rung(
    async ({ world, request, phone }) => {
      const { legs } = world.here.agent;
      asked = 1;
      const first = legs.ring(request);
      await world.pass(100);
      expect([await first, phone()]).toEqual([false, undefined]);
      const second = legs.ring(request);
      await world.pass(100);
      expect([await second, phone()?.answerState]).toEqual([true, 'ringing']);
    },
    (step, when) =>
      Promise.resolve(when === 'before' && step === 'uuid_dump at here' && asked-- === 1 ? 'lost' : undefined),
  );
});

test('a join that is asked for again while it is made does not fail: the two talk, and nobody is given back (J2, R3)', () =>
  rung(async ({ world, caller, request, phone }) => {
    const { sim, agent } = world.here;
    void agent.legs.ring(request);
    await world.pass(100);
    sim.pickUp(phone() ?? caller);
    await world.pass(200);
    const joined = Promise.all([1, 2].map(() => agent.legs.connect(request, caller.uuid)));
    await world.pass(200);
    expect(await joined).toEqual(['connected', 'unknown']);
    const again = agent.legs.connect(request, caller.uuid);
    await world.pass(200);
    expect([await again, caller.peer]).toEqual(['connected', phone()]);
  }));

test('hold audio that is asked for late is not played into a conversation; who waits hears it (R3, R22)', () =>
  rung(async ({ world, caller, request, phone }) => {
    const { sim, agent } = world.here;
    void agent.sw.silence(caller.uuid);
    await world.pass(100);
    void agent.hold(caller.uuid);
    await world.pass(100);
    expect(caller.nested?.argument).toBe('local_stream://moh');
    void agent.legs.ring(request);
    await world.pass(100);
    sim.pickUp(phone() ?? caller);
    await world.pass(200);
    void agent.legs.connect(request, caller.uuid);
    await world.pass(200);
    void agent.hold(caller.uuid);
    await world.pass(500);
    expect([caller.peer, caller.nested]).toEqual([phone(), undefined]);
  }));
