import { ParkState } from '@parkade/proto';
import type { Phone } from '@parkade/media-simulator';
import { expect, test } from 'vitest';
import { withMediaWorld } from './with-media-world.js';

const world = withMediaWorld();

/** A call for the desk that shows where it was parked. */
const comesBack = (desk: Phone, since: number) => () =>
  desk.shown.slice(since).some(({ name }) => name.includes('721'));

test('nobody fetched him: the parker is rung, answers, and talks with him; the slot is free (R13)', async () => {
  const desk = world().sim.phone('1001');
  const { caller } = await world().parked('721');
  await world().join(caller, '1001');
  await world().allFree();
  expect(desk.shown.at(-1)).toMatchObject({ name: 'Parking slot 721 - 2001', number: '2001' });
});

test.each([
  ['does not answer', { kind: 'rings' }],
  ['is busy', { kind: 'busy' }],
] as const)(
  'the parker %s: the caller stays in his slot, with music, and can still be fetched (R14)',
  async (_, behaviour) => {
    const { sim } = world();
    const desk = sim.phone('1001');
    const [caller, leg] = await world().talk('2001', '1001');
    const since = desk.shown.length;
    desk.behaviour = behaviour;
    sim.transferBlind(leg, '721');
    const { parkId } = await world().park('721');
    if (behaviour.kind === 'rings') await world().until('he is rung', comesBack(desk, since));
    await world().until('that recall has failed', async () => (await world().park('721')).recallAttempt >= 1);
    await world().waits(caller, parkId);
    expect((await world().park('721')).parkId).toBe(parkId);
    await world().join(sim.call('1002', '*5721'), caller);
  },
);

test('a pickup while the parker rings ends the ringing, and he who fetched has the caller (R15)', async () => {
  const { sim, there } = world();
  const desk = sim.phone('1001');
  const [caller, leg] = await world().talk('2001', '1001');
  const since = desk.shown.length;
  desk.behaviour = { kind: 'rings' };
  sim.transferBlind(leg, '721');
  await world().park('721', ParkState.RINGBACK);
  await world().until('he is rung', comesBack(desk, since));
  await world().join(there.sim.call('1002', '*5721'), caller);
  await world().until('it rings no more', () => desk.legs.length === 0);
});

test('a call that was moved comes back as well: the parker who answers has it at once (R15)', async () => {
  const desk = world().sim.phone('1001');
  const { caller, park } = await world().parked('701');
  const since = desk.shown.length;
  const moved = await world().move(park.parkId, '702');
  await world().comesBack(moved, 1_000);
  await world().join(caller, '1001');
  await world().allFree();
  expect(desk.shown.slice(since).filter(({ name }) => name.includes('702'))).toHaveLength(1);
});

test('a caller who hangs up while the parker rings: it rings no more, and the slot is free', async () => {
  const { sim } = world();
  const desk = sim.phone('1001');
  const [caller, leg] = await world().talk('2001', '1001');
  const since = desk.shown.length;
  desk.behaviour = { kind: 'rings' };
  sim.transferBlind(leg, '721');
  await world().until('he is rung', comesBack(desk, since));
  world().hangUp(caller);
  await world().allFree();
  await world().until('it rings no more', () => desk.legs.length === 0);
});

test('a caller who hangs up at the instant the parker answers: the parker talks with nobody, the slot is free', async () => {
  const { sim } = world();
  const { caller } = await world().parked('721');
  sim.core.beforeBridge = () => world().hangUp(caller);
  await world().allFree();
  await world().until('the parker’s leg has ended', () => sim.phone('1001').legs.length === 0);
});
