import { ParkState } from '@parkade/proto';
import { expect, test } from 'vitest';
import { withMediaWorld } from './with-media-world.js';

const world = withMediaWorld();

test('a parked caller is fetched at his own node: they talk, the slot is free, its lamp dark', async () => {
  const { sim, lamps } = world();
  const { caller } = await world().parked('701');
  await world().until('the lamp is lit', () => lamps.state('701') === 'early');
  await world().join(sim.call('1002', '*5701'), caller);
  await world().allFree();
  await world().until('the lamp is dark', () => lamps.state('701') === 'terminated');
  await world().until('the mark is gone', () => !caller.variables.has('parkade_park'));
});

test('a phone at the other node fetches him: it is sent to his node, they talk, and either may end it', async () => {
  const { there } = world();
  const { caller } = await world().parked('701');
  const taker = there.sim.call('1002', '*5701');
  await world().join(taker, caller);
  await world().allFree();
  world().hangUp(taker);
  await world().until('the caller has ended too', () => !caller.isAlive);
});

test.each(['here', 'there'] as const)(
  'the retriever %s sees who the caller is, and not the code he dialled (R18)',
  async (where) => {
    const node = world()[where];
    const { caller } = await world().parked('701');
    const taker = node.sim.call('1002', '*5701');
    await world().join(taker, caller);
    const screen = node.sim.phone('1002').displayed;
    await world().until('his name is shown', () => screen.some(({ uuid }) => uuid === taker.uuid));
    expect(screen.findLast(({ uuid }) => uuid === taker.uuid)).toMatchObject({ name: '2001', number: '2001' });
  },
);

test('a caller who withholds his number is shown to nobody: not in the slot, not to the retriever (R17)', async () => {
  const { sim, there } = world();
  const caller = sim.call('2001', '1001', { hidden: true, callerName: 'Al Capone' });
  await world().join(caller, '1001');
  if (caller.peer !== undefined) sim.transferBlind(caller.peer, '701');
  const park = await world().park('701');
  expect(park.call).toMatchObject({ callerName: 'Anonymous', callerNumber: '' });
  await world().waits(caller, park.parkId);
  const taker = there.sim.call('1002', '*5701');
  await world().join(taker, caller);
  const screen = there.sim.phone('1002').displayed;
  await world().until('something is shown', () => screen.some(({ uuid }) => uuid === taker.uuid));
  expect(JSON.stringify(screen)).not.toContain('Capone');
});

test('dialling the slot in which somebody waits fetches him', async () => {
  const { caller } = await world().parked('701');
  await world().join(world().sim.call('1002', '*3701'), caller);
});

test('a conversation that ends at once was a retrieved call all the same, and never an abandoned one', async () => {
  const { sim, cluster } = world();
  const { caller, park } = await world().parked('701');
  const taker = sim.call('1002', '*5701');
  sim.core.listen((fields) => {
    if (fields['Event-Name'] === 'CHANNEL_BRIDGE') sim.core.later(() => world().hangUp(taker));
  });
  world().talked.mayTalk(taker, caller);
  await world().allFree();
  const ended = await world().endedAs(park.parkId);
  expect([ended, cluster.logs().includes('"event":"defect"')]).toEqual(['retrieved', false]);
});

test('fetching from an empty slot says so and ends; nothing is parked in its place', async () => {
  const taker = world().sim.call('1002', '*5702');
  await world().until('it has ended', () => !taker.isAlive);
  expect(taker.cause).toBe('NORMAL_CLEARING');
  expect(await world().parks()).toEqual([]);
});

test('of two who fetch at once, one at each node, one gets the caller; the other is told, and talks with nobody (R2)', async () => {
  const { sim, there } = world();
  const { caller } = await world().parked('701');
  const takers = [sim.call('1002', '*5701'), there.sim.call('1003', '*5701')];
  for (const taker of takers) world().talked.mayTalk(taker, caller);
  await world().until('one has ended', () => takers.filter(({ isAlive }) => isAlive).length === 1);
  await world().until('the other talks', () => caller.peer !== undefined);
  expect(world().talked.conversations.filter(({ a, b }) => a === caller || b === caller)).toHaveLength(2);
});

test('a retriever who hangs up at the instant of the bridge loses nobody: the caller is back, with music and the same park (R3)', async () => {
  const { sim } = world();
  const { caller, park } = await world().parked('701');
  const taker = sim.call('1002', '*5701');
  sim.core.beforeBridge = () => world().hangUp(taker);
  await world().until('he has hung up', () => !taker.isAlive);
  sim.core.beforeBridge = () => undefined;
  expect((await world().park('701')).parkId).toBe(park.parkId);
  await world().waits(caller);
  await world().join(sim.call('1003', '*5701'), caller);
});

test('a retriever who hangs up while the bridge is being made: the caller is no party to it, and is back, with music (R3)', async () => {
  const { sim } = world();
  const { caller, park } = await world().parked('701');
  const taker = sim.call('1002', '*5701');
  // The caller is left in a state of conversation, with nobody there.
  sim.core.amidBridge = () => world().hangUp(taker);
  await world().until('he has hung up', () => !taker.isAlive);
  sim.core.amidBridge = () => undefined;
  expect((await world().park('701')).parkId).toBe(park.parkId);
  await world().waits(caller);
  await world().join(sim.call('1003', '*5701'), caller);
});

test('a retriever who hangs up on his way to the other node loses nobody (R3)', async () => {
  const { sim, there } = world();
  const { caller, park } = await world().parked('701');
  const taker = there.sim.call('1002', '*5701');
  const unlisten = sim.core.listen((fields) => {
    const came = fields['Event-Name'] === 'CHANNEL_CREATE';
    if (came && fields['Caller-Destination-Number']?.startsWith('pickup-') === true) world().hangUp(taker);
  });
  await world().until('he has hung up', () => !taker.isAlive);
  unlisten();
  expect((await world().park('701')).parkId).toBe(park.parkId);
  await world().waits(caller);
  await world().join(there.sim.call('1003', '*5701'), caller);
});

test('a caller who hangs up at the instant of the bridge frees the slot, and joins nobody', async () => {
  const { sim } = world();
  const { caller } = await world().parked('701');
  const taker = sim.call('1002', '*5701');
  sim.core.beforeBridge = () => world().hangUp(caller);
  await world().until('the retriever is told', () => !taker.isAlive);
  await world().allFree();
});

test('a caller who hangs up while the retriever is on his way from the other node frees the slot', async () => {
  const { sim, there } = world();
  const { caller } = await world().parked('701');
  const taker = there.sim.call('1002', '*5701');
  await world().park('701', ParkState.RETRIEVING);
  world().hangUp(caller);
  await world().until('the retriever is told', () => !taker.isAlive);
  await world().allFree();
  expect(sim.core.channels.size).toBe(0);
});

test('a caller who was moved twice since anybody looked is fetched where he is now, from either node', async () => {
  for (const { sim } of world().nodes) {
    const { caller, park } = await world().parked('701');
    await world().move(await world().move(park.parkId, '702'), '703');
    await world().join(sim.call('1002', '*5703'), caller);
    world().hangUp(caller);
    await world().allFree();
  }
});

test('a caller who hangs up after he was moved twice frees the slot he is in', async () => {
  const { caller, park } = await world().parked('701');
  await world().move(await world().move(park.parkId, '702'), '703');
  world().hangUp(caller);
  await world().allFree();
});
