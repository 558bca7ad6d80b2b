import { ParkState } from '@parkade/proto';
import { afterEach, expect, test } from 'vitest';
import { until, World } from './world.js';

let world: World;

afterEach(() => world.close());

test('a blind transfer to a slot parks the caller, with music, in the switch itself', async () => {
  world = await World.start();
  const [caller, callee] = await world.talk('2001', '1001');
  world.sim.transferBlind(callee, '701');
  const park = await world.park('701', (one) => one?.state === ParkState.PARKED);
  expect(park?.call).toMatchObject({ mediaNode: 'media-1', callId: caller.uuid, callerNumber: '2001' });
  expect(park?.parker?.extension).toBe('1001');
  await until(() => caller.variables.get('parkade_park') === `${park?.parkId}:${park?.revision}`);
  expect([caller.parked, caller.running?.application]).toEqual([true, 'park']);
  expect(caller.nested?.argument).toBe('local_stream://moh');
});

test('the caller who parks the one he called: the called party is the parked one', async () => {
  world = await World.start();
  const [caller, callee] = await world.talk('2001', '1001');
  world.sim.transferBlind(caller, '*4');
  const park = await world.park('701');
  expect(park?.call).toMatchObject({ callId: callee.uuid, callerNumber: '1001' });
  expect(park?.parker?.extension).toBe('2001');
});

test('a parked caller is fetched from another phone: they talk, and the slot is free', async () => {
  world = await World.start();
  const [caller, callee] = await world.talk('2001', '1001');
  world.sim.transferBlind(callee, '701');
  await world.park('701', (one) => one?.state === ParkState.PARKED);
  const taker = world.sim.call('1002', '*5701');
  await until(() => taker.peer === caller);
  await world.allFree();
  await until(() => !caller.variables.has('parkade_park'));
});

test('a conversation that ends at once was a retrieved call all the same, and never an abandoned one', async () => {
  world = await World.start();
  const [, callee] = await world.talk('2001', '1001');
  world.sim.transferBlind(callee, '701');
  await world.park('701', (one) => one?.state === ParkState.PARKED);
  const taker = world.sim.call('1002', '*5701');
  world.sim.core.listen((fields) => {
    if (fields['Event-Name'] === 'CHANNEL_BRIDGE') world.sim.core.later(() => world.sim.hangUp(taker));
  });
  await world.allFree();
  expect(world.logged.filter((line) => line.includes('abandoned'))).toEqual([]);
});

test('dialling a slot in which somebody waits fetches him', async () => {
  world = await World.start();
  const [caller, callee] = await world.talk('2001', '1001');
  world.sim.transferBlind(callee, '701');
  await world.park('701', (one) => one?.state === ParkState.PARKED);
  const taker = world.sim.call('1002', '*3701');
  await until(() => taker.peer === caller);
});

test('a caller who hangs up while he is parked frees the slot', async () => {
  world = await World.start();
  const [caller, callee] = await world.talk('2001', '1001');
  world.sim.transferBlind(callee, '701');
  await world.park('701');
  await until(() => caller.variables.has('parkade_park'));
  world.sim.hangUp(caller);
  await world.allFree();
});

test('a retriever who hangs up at the instant of the bridge loses nobody: the caller is back, with music (R3)', async () => {
  world = await World.start();
  const [caller, callee] = await world.talk('2001', '1001');
  world.sim.transferBlind(callee, '701');
  await world.park('701', (one) => one?.state === ParkState.PARKED);
  await until(() => caller.nested !== undefined);
  const taker = world.sim.call('1002', '*5701');
  world.sim.core.beforeBridge = () => world.sim.hangUp(taker);
  await until(() => !taker.isAlive);
  await until(() => caller.state === 'CS_PARK' && caller.nested?.argument === 'local_stream://moh');
  await world.park('701', (one) => one?.state === ParkState.PARKED);
  world.sim.core.beforeBridge = () => undefined;
  const second = world.sim.call('1003', '*5701');
  await until(() => second.peer === caller);
});

test('a retriever who hangs up while the bridge is being made: the caller is no party to it, and is back, with music (R3)', async () => {
  world = await World.start();
  const [caller, callee] = await world.talk('2001', '1001');
  world.sim.transferBlind(callee, '701');
  await world.park('701', (one) => one?.state === ParkState.PARKED);
  await until(() => caller.nested !== undefined);
  const taker = world.sim.call('1002', '*5701');
  // The caller is left in a state of conversation, with nobody there.
  world.sim.core.amidBridge = () => world.sim.hangUp(taker);
  await until(() => !taker.isAlive);
  await until(() => caller.state === 'CS_PARK' && caller.nested?.argument === 'local_stream://moh');
  await world.park('701', (one) => one?.state === ParkState.PARKED);
  world.sim.core.amidBridge = () => undefined;
  const second = world.sim.call('1003', '*5701');
  await until(() => second.peer === caller);
});

test('a caller who hangs up at the instant of the bridge frees the slot, and joins nobody', async () => {
  world = await World.start();
  const [caller, callee] = await world.talk('2001', '1001');
  world.sim.transferBlind(callee, '701');
  await world.park('701', (one) => one?.state === ParkState.PARKED);
  const taker = world.sim.call('1002', '*5701');
  world.sim.core.beforeBridge = () => world.sim.hangUp(caller);
  await until(() => !taker.isAlive);
  await world.allFree();
});

test('fetching from an empty slot says so and ends; nothing is parked in its place', async () => {
  world = await World.start();
  const taker = world.sim.call('1002', '*5702');
  await until(() => !taker.isAlive);
  expect(taker.cause).toBe('NORMAL_CLEARING');
  expect(await world.parks()).toEqual([]);
});

test('an attended park uses one slot: reserved by the parker, completed by the caller, the parker still the parker', async () => {
  world = await World.start();
  const [caller, callee] = await world.talk('2001', '1001');
  const consult = world.sim.call('1001', '*4');
  const reserved = await world.park('701', (one) => one?.state === ParkState.RESERVED);
  await until(() => consult.variables.has('parkade_park'));
  world.sim.transferAttended(callee, consult);
  const park = await world.park('701', (one) => one?.state === ParkState.PARKED);
  expect(park?.parkId).toBe(reserved?.parkId);
  expect(park?.call?.callId).toBe(caller.uuid);
  expect(park?.parker?.extension).toBe('1001');
  expect((await world.parks()).length).toBe(1);
});

test('the parker hears the slot he has reserved', async () => {
  world = await World.start();
  const heard: string[] = [];
  world.sim.core.listen((fields) => {
    if (fields['Event-Name'] === 'PLAYBACK_START') heard.push(fields['Playback-File-Path'] ?? '');
  });
  world.sim.call('1001', '*3702');
  await world.park('702', (one) => one?.state === ParkState.RESERVED);
  await until(() => heard.length > 0);
  expect(heard).toEqual(['file_string://digits/7.wav!digits/0.wav!digits/2.wav']);
});

test('a parker who hangs up without a transfer frees his reservation', async () => {
  world = await World.start();
  const consult = world.sim.call('1001', '*4');
  await world.park('701', (one) => one?.state === ParkState.RESERVED);
  await until(() => consult.variables.has('parkade_park'));
  world.sim.hangUp(consult);
  await world.allFree();
});

test('extensions and groups: *68, *68ext, *58, *88', async () => {
  world = await World.start();
  const [first, calleeOfFirst] = await world.talk('2001', '1001');
  world.sim.transferBlind(calleeOfFirst, '*68');
  await world.park('1001', (one) => one?.call?.callId === first.uuid);
  const [second, calleeOfSecond] = await world.talk('2002', '1001');
  world.sim.transferBlind(calleeOfSecond, '*58');
  await world.park('1002', (one) => one?.call?.callId === second.uuid);
  const taker = world.sim.call('1002', '*88');
  await until(() => taker.peer === second);
  const other = world.sim.call('1003', '*881001');
  await until(() => other.peer === first);
  await world.allFree();
});

test('a transfer to a taken slot hangs nobody up: the call waits in the holding lot, and the slot is unchanged', async () => {
  world = await World.start();
  const [first, one] = await world.talk('2001', '1001');
  world.sim.transferBlind(one, '701');
  await world.park('701', (park) => park?.state === ParkState.PARKED);
  const [second, two] = await world.talk('2002', '1002');
  world.sim.transferBlind(two, '701');
  await until(() => second.variables.has('parkade_park'));
  const parks = await world.parks();
  expect(parks.find(({ slot }) => slot === '701')?.call?.callId).toBe(first.uuid);
  expect(parks.some(({ call, lotId }) => call?.callId === second.uuid && lotId === '_holding')).toBe(true);
});

test('in a full lot the caller goes back to whoever wanted to park him', async () => {
  world = await World.start();
  for (const slot of ['701', '702', '703']) {
    const [, callee] = await world.talk('2001', '1001');
    world.sim.transferBlind(callee, slot);
    await world.park(slot);
  }
  const [caller, callee] = await world.talk('2002', '1002');
  world.sim.transferBlind(callee, '*4');
  await until(() => caller.peer?.phone.user === '1002');
  expect(await world.parks()).toHaveLength(3);
});

test('nobody gets a tenant by a header: a call that no rule fits is refused', async () => {
  world = await World.start();
  world.sim.phone('9999', { domain: 'evil.example' });
  const leg = world.sim.call('9999', '*5701', {
    headers: { 'X-Tenant': 'acme', 'Referred-By': '<sip:1001@acme.example>' },
  });
  await until(() => !leg.isAlive);
  expect(leg.cause).toBe('CALL_REJECTED');
  expect(world.logged.some((line) => line.startsWith('refused: no rule'))).toBe(true);
});
