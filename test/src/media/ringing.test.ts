import { OwnerDirectory, namedPartitions } from '@parkade/ownership';
import { DEFAULT_ROUTED_MEDIA, MEDIA_ROLE, NodeClients, RoutedMedia } from '@parkade/media';
import type { Channel } from '@parkade/media-simulator';
import type { MediaPort } from '@parkade/recall';
import { type CallRef, type Park, ParkState } from '@parkade/proto';
import { silentLog } from '@parkade/rpc';
import { afterEach, expect, test } from 'vitest';
import { until, World } from './world.js';

let world: World;
// What recalls use, so that the two cannot part.
let port: MediaPort;
let news: [string, string][];
const ends: (() => void)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0)) end();
  await world.close();
});

/** A world with one parked caller, and the port that recalls use. */
async function start(): Promise<{ caller: Channel; park: Park; call: CallRef }> {
  world = await World.start();
  const { store, clock, random } = world;
  const report = (): void => undefined;
  const owners = new OwnerDirectory<string>(
    namedPartitions(MEDIA_ROLE, () => ['media-1']),
    { store, clock, random, report },
  );
  await owners.start();
  const clients = new NodeClients(owners, clock);
  const media = new RoutedMedia(
    { ...DEFAULT_ROUTED_MEDIA, domains: { acme: 'acme.example' } },
    clients,
    clock,
    silentLog,
  );
  port = media;
  news = [];
  port.onLeg((legId, what) => news.push([legId, what]));
  ends.push(
    () => media.close(),
    () => clients.close(),
    () => owners.close(),
  );
  const [caller, callee] = await world.talk('2001', '1001');
  world.sim.transferBlind(callee, '701');
  const park = await world.park('701', (one) => one?.state === ParkState.PARKED);
  await until(() => caller.variables.has('parkade_park') && caller.nested !== undefined);
  if (park?.call === undefined) throw new Error('not parked');
  return { caller, park, call: park.call };
}

const LEG = 'b3c5a1de-0000-5000-8000-000000000001';

async function ring(
  park: Park,
  call: CallRef,
  presentation = { name: 'Park 701: Al', number: '2001', alertInfo: '' },
): Promise<void> {
  const { contacts } = await port.contacts({ tenantId: 'acme', userId: '', extension: '1001' }, 1_000);
  const leg = { legId: LEG, mediaNode: 'media-1', parkId: park.parkId, tenantId: 'acme', attempt: 1, forCall: call };
  port.ring({ ...leg, contact: contacts[0] ?? '', ringMs: 30_000, presentation, followForwarding: false });
}

/** What the parker's phone showed of the leg. */
const rung = () => world.sim.phone('1001').shown.filter(({ uuid }) => uuid === LEG);

const ref = (park: Park) => ({ legId: LEG, mediaNode: 'media-1', parkId: park.parkId });

test('a phone that answers is told of once, and connected with the caller', async () => {
  const { caller, park, call } = await start();
  await ring(park, call);
  await until(() => news.length > 0);
  expect(await port.connect(ref(park), call)).toBe('connected');
  expect(caller.peer?.uuid).toBe(LEG);
  // Asked twice, it changes nothing.
  expect(await port.connect(ref(park), call)).toBe('connected');
  expect(await port.exists(ref(park))).toBe('connected');
  port.cancel(ref(park), 'over');
  expect(await port.transfer('acme', call, { to: 'destination', destination: '1003' })).toBe('not-held');
  expect([caller.isAlive, news]).toEqual([true, [[LEG, 'answered']]]);
});

test.each([
  ['busy', { kind: 'busy' }],
  ['busy', { kind: 'rejects' }],
  ['no-answer', { kind: 'no-response' }],
  ['unregistered', { kind: 'not-found' }],
  ['failed', { kind: 'unreachable' }],
] as const)('a leg ends as %s when its phone %o; the caller hears music all the while', async (what, behaviour) => {
  const { caller, park, call } = await start();
  world.sim.phone('1001').behaviour = behaviour;
  await ring(park, call);
  await until(() => news.length > 0);
  expect(news).toEqual([[LEG, what]]);
  expect([caller.parked, caller.nested?.argument]).toEqual([true, 'local_stream://moh']);
});

test('a user without a registration is told of as that', async () => {
  const { park, call } = await start();
  world.sim.phone('1001').registered = false;
  await ring(park, call);
  await until(() => news.length > 0);
  expect(news).toEqual([[LEG, 'unregistered']]);
});

test('a leg id is dialled once, also when it is asked for again', async () => {
  const { park, call } = await start();
  world.sim.phone('1001').behaviour = { kind: 'rings' };
  await ring(park, call);
  await until(() => rung().length > 0);
  await ring(park, call);
  expect(await port.exists(ref(park))).toBe('ringing');
  expect(rung()).toHaveLength(1);
  expect(await port.exists({ ...ref(park), parkId: 'another' })).toBe('foreign');
});

test('a name full of syntax is shown as text and dials nothing else', async () => {
  const { park, call } = await start();
  const name = `Park 701: O'Brien, \${hostname} {a=b}|sofia/x \\' "q"`;
  await ring(park, call, { name, number: '+49 30 1', alertInfo: '<http://ring>;info=park' });
  await until(() => news.length > 0);
  const [shown] = rung();
  expect(shown).toMatchObject({
    uuid: LEG,
    name: 'Park 701: O’Brien, (hostname) (a=b)sofia/x /’ ”q”',
    number: '+49301',
  });
});

test('a cancelled leg ends without a word; the caller is still parked', async () => {
  const { caller, park, call } = await start();
  world.sim.phone('1001').behaviour = { kind: 'rings' };
  await ring(park, call);
  await until(() => world.sim.core.find(LEG) !== undefined);
  port.cancel(ref(park), 'answered-elsewhere');
  await until(() => world.sim.core.find(LEG) === undefined);
  expect([news, caller.parked]).toEqual([[], true]);
});

test('an answered leg that dies at the instant of the bridge: not connected, and the caller is back with music', async () => {
  const { caller, park, call } = await start();
  await ring(park, call);
  await until(() => news.length > 0);
  world.sim.core.beforeBridge = () => world.sim.core.hangUp(world.sim.core.find(LEG) ?? caller, 'NORMAL_CLEARING');
  expect(await port.connect(ref(park), call)).toBe('failed');
  await until(() => caller.parked && caller.nested?.argument === 'local_stream://moh');
});

test('connecting with a caller who is gone says so', async () => {
  const { caller, park, call } = await start();
  await ring(park, call);
  await until(() => news.length > 0);
  world.sim.hangUp(caller);
  expect(await port.connect(ref(park), call)).toBe('caller-gone');
});

test('a leg is not joined with a call that stands under another park', async () => {
  const { caller, park, call } = await start();
  await ring(park, call);
  await until(() => news.length > 0);
  caller.variables.set('parkade_park', 'another-park:9');
  expect(await port.connect(ref(park), call)).toBe('failed');
  expect(caller.parked).toBe(true);
});

test('a call is handed over to a number', async () => {
  const { caller, call } = await start();
  expect(await port.transfer('acme', call, { to: 'destination', destination: '1003' })).toBe('done');
  await until(() => caller.peer?.phone.user === '1003');
});

test('a call that is handed over to a number without a route is lost, and that is told', async () => {
  const { call } = await start();
  expect(await port.transfer('acme', call, { to: 'destination', destination: '9999' })).toBe('gone');
  await world.allFree();
});
