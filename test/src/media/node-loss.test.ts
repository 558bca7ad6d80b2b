import { expect, test } from 'vitest';
import { withMediaWorld } from './with-media-world.js';

// The first node's profile tracks its calls, the second one's does not.
const world = withMediaWorld({ nodes: ['tracks-1', 'media-2'] });

test('a switch that was started again without its calls frees their slots, and their lamps', async () => {
  const { there } = world();
  const { caller } = await world().parked('701', '2001', there);
  world().talked.mayEnd(caller);
  await there.sim.crash();
  expect((await world().park('701')).call?.callId).toBe(caller.uuid);
  await world().restart(there);
  await world().allFree();
});

test('a switch that stops says so: its slots are free', async () => {
  const { there } = world();
  const { caller } = await world().parked('701', '2001', there);
  world().talked.mayEnd(caller);
  await there.sim.shutDown();
  await world().allFree();
  await world().restart(there);
});

test('a switch that crashes between two joined nodes leaves no slot taken, and its caller can be parked again', async () => {
  const { here, there } = world();
  const { caller } = await world().parked('701', '2001', there);
  const taker = here.sim.call('1002', '*5701');
  await world().join(taker, caller);
  world().talked.mayEnd(caller);
  await there.sim.crash();
  await world().allFree();
  world().hangUp(taker);
  await world().restart(there);
  await world().parked('702', '2002', there);
});

test('a switch that tracks calls brings a parked caller back: same slot, same park, and he can be fetched', async () => {
  const { here, there } = world();
  const { caller, park } = await world().parked('701', '2001', here);
  await here.sim.crash();
  await world().restart(here);
  await world().until('he waits again', () => here.sim.core.find(caller.uuid)?.nested !== undefined);
  const back = here.sim.core.find(caller.uuid);
  if (back === undefined) throw new Error('he is not there');
  await world().waits(back, park.parkId);
  expect((await world().park('701')).parkId).toBe(park.parkId);
  await world().join(there.sim.call('1002', '*5701'), back);
});
