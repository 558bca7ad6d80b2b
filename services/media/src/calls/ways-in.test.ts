import { expect, test } from 'vitest';
import { type Around, TwoNodes } from '../testing/two-nodes.js';

/** Longer than the pause of the dial plan. */
const SLOW_MS = 1_500;

async function parkAndFetch(around: Around, tells: boolean): Promise<void> {
  const world = await TwoNodes.start(around, { tells });
  try {
    const caller = await world.parked();
    expect(caller.parked).toBe(true);
    const retriever = world.here.sim.call('1002', '*5701');
    await world.pass(200);
    expect(caller.peer).toBe(retriever);
  } finally {
    await world.close();
  }
}

test('a call that its switch tells of is parked and fetched without a look at it (C1)', async () => {
  const asked: string[] = [];
  await parkAndFetch((step) => {
    asked.push(step);
    return Promise.resolve(undefined);
  }, true);
  expect(asked).toContain('uuid_park at here');
  expect(asked).not.toContain('uuid_dump at here');
});

test('a call that its switch tells nobody of is taken over its connection, and looked up (C1, I1)', async () => {
  const asked: string[] = [];
  await parkAndFetch((step) => {
    asked.push(step);
    return Promise.resolve(undefined);
  }, false);
  expect(asked).toContain('uuid_dump at here');
});

test('a call that is told of, and brought by a connection meanwhile, is parked once (C3)', async () => {
  const asked: string[] = [];
  const world = await TwoNodes.start(async (step, when) => {
    if (when === 'before') asked.push(step);
    if (when === 'before' && step.startsWith('uuid_park')) await world.sleep(SLOW_MS);
    return undefined;
  });
  try {
    const caller = world.here.sim.call('2001', '1001');
    await world.pass(20);
    if (caller.peer === undefined) throw new Error('nobody answered');
    world.here.sim.transferBlind(caller.peer, '701');
    await world.pass(1_200);
    expect(caller.running?.application).toBe('socket');
    await world.pass(1_000);
    expect(caller.parked && caller.nested?.argument === 'local_stream://moh').toBe(true);
    expect(asked.filter((step) => step.startsWith('uuid_park'))).toHaveLength(1);
  } finally {
    await world.close();
  }
});

test('a leg that runs the same application in another dial plan is nobody whom we take (C2)', async () => {
  const asked: string[] = [];
  const world = await TwoNodes.start((step) => {
    asked.push(step);
    return Promise.resolve(undefined);
  });
  try {
    const { sim } = world.here;
    const phone = sim.call('1002', '1003');
    await world.pass(20);
    phone.variables.set('parkade_told', 'true');
    sim.core.transfer(
      phone,
      () => [
        ['sleep', '500'],
        ['park', ''],
      ],
      { destination: '701' },
    );
    asked.length = 0;
    await world.pass(300);
    expect(phone.running?.application).toBe('sleep');
    expect(asked).toEqual([]);
  } finally {
    await world.close();
  }
});
