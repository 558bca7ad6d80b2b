import { ParkState } from '@parkade/proto';
import { expect, test } from 'vitest';
import { withMediaWorld } from './with-media-world.js';

const world = withMediaWorld();

test('the connection to a node is cut and healed: who hung up meanwhile is found gone, who waits keeps his slot', async () => {
  const { here, sim } = world();
  const gone = await world().parked('701', '2001');
  const stays = await world().parked('702', '2002');
  await here.wire.cut();
  await world().until('the switch has nobody', () => sim.controllers === 0);
  world().hangUp(gone.caller);
  await here.wire.heal();
  await world().until('only one is parked', async () => (await world().parks()).length === 1);
  expect((await world().park('702')).parkId).toBe(stays.park.parkId);
  await world().join(sim.call('1002', '*5702'), stays.caller);
});

test('while a node cannot be reached a call to a code of it waits with music, and is parked when it can', async () => {
  const { here, sim } = world();
  const [caller, desk] = await world().talk('2001', '1001');
  await here.wire.cut();
  sim.transferBlind(desk, '703');
  await world().until('it waits as pending', () => caller.variables.get('parkade_pending') === 'true');
  await here.wire.heal();
  expect((await world().park('703')).call?.callId).toBe(caller.uuid);
});

test('a caller whose mark is lost on its way to the switch is marked when the switch can be reached, and fetched', async () => {
  const { here, sim } = world();
  const [caller, desk] = await world().talk('2001', '1001');
  const unlisten = sim.core.listen((fields) => {
    if (fields['Event-Name'] === 'PLAYBACK_START' && fields['Unique-ID'] === caller.uuid) here.wire.swallow();
  });
  sim.transferBlind(desk, '703');
  const { parkId } = await world().park('703');
  unlisten();
  expect(caller.variables.get('parkade_park')).toBeUndefined();
  await here.wire.heal();
  await world().waits(caller, parkId);
  await world().join(sim.call('1002', '*5703'), caller);
});

test('a caller who is transferred while the cluster cannot be reached goes back to his parker when it stays away', async () => {
  const { sim, gatewayWire } = world();
  const [caller, desk] = await world().talk('2001', '1001');
  await gatewayWire.cut();
  sim.transferBlind(desk, '702');
  await world().until('he hears music', () => caller.nested?.argument === 'local_stream://moh');
  expect(caller.variables.get('parkade_pending')).toBe('true');
  await world().join(caller, '1001');
  await gatewayWire.heal();
  await world().until('nothing is parked', async () => (await world().parks()).length === 0);
  expect(caller.isAlive).toBe(true);
});

test('a caller who is transferred while the cluster cannot be reached is parked when it comes back in time', async () => {
  const { sim, gatewayWire } = world();
  const [caller, desk] = await world().talk('2001', '1002');
  await gatewayWire.cut();
  sim.transferBlind(desk, '702');
  await world().until('he hears music', () => caller.nested?.argument === 'local_stream://moh');
  await gatewayWire.heal();
  const park = await world().park('702');
  expect(park).toMatchObject({ call: { callId: caller.uuid }, parker: { extension: '1002' } });
  await world().waits(caller, park.parkId);
});

test('the switch’s answers are swallowed while it makes a bridge: they talk, and the slot is freed as retrieved when they are heard again', async () => {
  const { here, sim } = world();
  const { caller, park } = await world().parked('701');
  const taker = sim.call('1002', '*5701');
  world().talked.mayTalk(taker, caller);
  sim.core.beforeBridge = () => here.wire.swallow('answers');
  await world().join(taker, caller);
  sim.core.beforeBridge = () => undefined;
  expect((await world().park('701', ParkState.RETRIEVING)).parkId).toBe(park.parkId);
  await here.wire.heal();
  await world().allFree();
  expect(await world().endedAs(park.parkId)).toBe('retrieved');
  expect([caller.isAlive, taker.isAlive]).toEqual([true, true]);
});

test('everything between switch and owner is swallowed while somebody fetches: the caller is back in his slot, with music (R3)', async () => {
  const { here, sim } = world();
  const { caller, park } = await world().parked('702');
  const taker = sim.call('1002', '*5702');
  const unlisten = sim.core.listen((fields) => {
    if (fields['Event-Name'] === 'CHANNEL_ANSWER' && fields['Unique-ID'] === taker.uuid) here.wire.swallow();
  });
  await world().park('702', ParkState.RETRIEVING);
  await world().until('he is answered', () => taker.answerState === 'answered');
  unlisten();
  world().hangUp(taker);
  await here.wire.heal();
  expect((await world().park('702')).parkId).toBe(park.parkId);
  await world().waits(caller, park.parkId);
  await world().join(sim.call('1003', '*5702'), caller);
});

test('the owner’s answer to a park is swallowed: the call is parked once, and marked when it is heard', async () => {
  const { sim, gatewayWire } = world();
  const [caller, desk] = await world().talk('2001', '1001');
  gatewayWire.swallow('answers');
  sim.transferBlind(desk, '703');
  const { parkId } = await world().park('703');
  expect([caller.isAlive, caller.variables.has('parkade_park')]).toEqual([true, false]);
  await gatewayWire.heal();
  await world().waits(caller, parkId);
  expect((await world().parks()).map((park) => park.parkId)).toEqual([parkId]);
});

test('the owner’s answer to a confirmation is swallowed: they talk, and the slot is free', async () => {
  const { sim, gatewayWire } = world();
  const { caller, park } = await world().parked('704');
  const taker = sim.call('1002', '*5704');
  world().talked.mayTalk(taker, caller);
  sim.core.beforeBridge = () => gatewayWire.swallow('answers');
  await world().join(taker, caller);
  sim.core.beforeBridge = () => undefined;
  await world().allFree();
  await gatewayWire.heal();
  expect(await world().endedAs(park.parkId)).toBe('retrieved');
  expect([caller.isAlive, taker.isAlive]).toEqual([true, true]);
});

test('a caller who hangs up while nobody can park him leaves no slot taken', async () => {
  const { sim, gatewayWire } = world();
  const [caller, desk] = await world().talk('2001', '1001');
  gatewayWire.swallow();
  sim.transferBlind(desk, '701');
  await world().until('he hears music', () => caller.nested?.argument === 'local_stream://moh');
  expect(caller.variables.get('parkade_pending')).toBe('true');
  world().hangUp(caller);
  await gatewayWire.heal();
  // Whatever was asked for him is answered before what is asked after it.
  const next = await world().parked('702', '2002');
  await world().until('only the other is parked', async () => {
    const parks = await world().parks();
    return parks.length === 1 && parks[0]?.parkId === next.park.parkId;
  });
});
