import type { SimulatedSwitch } from '@parkade/media-simulator';
import { putTenant } from '@parkade/settings';
import { afterEach, expect, test } from 'vitest';
import { World } from './world.js';

let world: World;

afterEach(() => world.close());

type Told = Readonly<Record<string, string>>;

/** What a switch is told by events of that name, from now on. */
function listen(name: string, sim: SimulatedSwitch = world.sim): Told[] {
  const heard: Told[] = [];
  sim.core.listen((fields) => {
    if (fields['Event-Name'] === name) heard.push(fields);
  });
  return heard;
}

const states = (heard: readonly Told[]): readonly string[] =>
  heard.map((event) => `${event['from']} ${event['answer-state']}`);

async function parkAndFetch(): Promise<void> {
  const [caller, callee] = await world.talk('2001', '1001');
  world.sim.transferBlind(callee, '701');
  await world.park('701');
  await world.until('it is so', () => caller.variables.has('parkade_park'));
  const taker = world.sim.call('1002', '*5701');
  await world.until('it is so', () => taker.peer === caller);
  await world.allFree();
}

test('phones that subscribe at the switch see each change of a lamp, once and in order', async () => {
  world = await World.start({ settings: { switch_lamps: true } });
  const heard = listen('PRESENCE_IN');
  await parkAndFetch();
  await world.until('it is so', () => heard.length >= 2);
  await parkAndFetch();
  await world.until('it is so', () => heard.length >= 4);
  const lit = '*3701@acme.example early';
  const dark = '*3701@acme.example terminated';
  expect(states(heard)).toEqual([lit, dark, lit, dark]);
  expect(heard[0]).toMatchObject({ proto: 'any', alt_event_type: 'dialog', 'presence-call-direction': 'inbound' });
});

test('every node has every lamp; one that was away hears them all when it is back', async () => {
  world = await World.start({ settings: { switch_lamps: true }, nodes: ['media-1', 'media-2'] });
  const { sim: there } = world.there;
  const heard = listen('PRESENCE_IN', there);
  await there.cut();
  await world.until('it is so', () => world.media.nodesUp().length === 1);
  const [, callee] = await world.talk('2001', '1001');
  world.sim.transferBlind(callee, '702');
  await world.park('702');
  await there.heal();
  await world.until('it is so', () => heard.length > 0);
  expect(states(heard)).toEqual(['*3702@acme.example early']);
});

test('a tenant that has not asked for it is not told; from when it has, it is', async () => {
  world = await World.start();
  const lamps = listen('PRESENCE_IN');
  const notices = listen('NOTIFY');
  await parkAndFetch();
  expect([lamps, notices]).toEqual([[], []]);
  const settings = { switch_lamps: true, park_info: {} };
  expect((await putTenant(world.store, 'acme', settings)).ok).toBe(true);
  await parkAndFetch();
  await world.until('it is so', () => lamps.length >= 2 && notices.length >= 2);
});

test('the parker’s phone is told who waits, where, and how to get him, and when it is over (R20)', async () => {
  world = await World.start({ settings: { park_info: {} } });
  const heard = listen('NOTIFY');
  await parkAndFetch();
  await world.until('it is so', () => heard.length >= 2);
  expect(heard).toMatchObject([
    { 'event-string': 'park-info', profile: 'internal', user: '1001', host: 'acme.example' },
    { 'event-string': 'park-info', profile: 'internal', user: '1001', host: 'acme.example' },
  ]);
  expect(heard.map((event) => event['_body']?.split('\r\n').filter((line) => line !== ''))).toEqual([
    [
      'State: parked',
      'Slot: 701',
      'Lot: default',
      'Parked-By: 1001',
      'Caller-Name: 2001',
      'Caller-Number: 2001',
      'Retrieve: *5701',
    ],
    ['State: cleared', 'Slot: 701', 'Lot: default'],
  ]);
});

test('a call parked at an extension is told to its group, all members, and cleared there (R20)', async () => {
  world = await World.start({ settings: { park_info: { parker: false } } });
  const heard = listen('NOTIFY');
  const [caller, callee] = await world.talk('2001', '1001');
  world.sim.transferBlind(callee, '*58');
  await world.park('1001');
  await world.until('it is so', () => heard.length >= 2);
  world.sim.hangUp(caller);
  await world.until('it is so', () => heard.length >= 4);
  expect(heard.map((event) => `${event['user']} ${event['_body']?.slice(0, 14)}`)).toEqual(
    ['1001 State: parked\r', '1002 State: parked\r', '1001 State: cleared', '1002 State: cleared'].map((line) =>
      line.slice(0, 19),
    ),
  );
});
