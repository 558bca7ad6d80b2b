import { randomUUID } from 'node:crypto';
import { SystemClock, SystemRandom } from '@parkade/clock';
import { DEFAULT_ROUTED_MEDIA, MEDIA_ROLE, NodeClients, RoutedMedia } from '@parkade/media';
import type { Channel } from '@parkade/media-simulator';
import { namedPartitions, OwnerDirectory } from '@parkade/ownership';
import { CallRef, MediaControl, type Park, RetrieveRequest } from '@parkade/proto';
import type { MediaPort } from '@parkade/recall';
import { silentLog } from '@parkade/rpc';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { withMediaWorld } from './with-media-world.js';

const world = withMediaWorld();
// What recalls use, so that the two cannot part.
let port: MediaPort;
let news: [string, string][] = [];
let end: () => void;
/** The leg of the recall; another one each time. */
let legId = '';

beforeAll(async () => {
  const { store } = world().cluster;
  const deps = { store, clock: new SystemClock(), random: new SystemRandom(), report: () => undefined };
  const owners = new OwnerDirectory<string>(
    namedPartitions(MEDIA_ROLE, () => ['media-1']),
    deps,
  );
  await owners.start();
  const clients = new NodeClients(owners, deps.clock);
  const config = { ...DEFAULT_ROUTED_MEDIA, domains: { acme: 'acme.example' } };
  const media = new RoutedMedia(config, clients, deps.clock, silentLog);
  port = media;
  port.onLeg((legId, what) => news.push([legId, what]));
  end = () => {
    media.close();
    clients.close();
    owners.close();
  };
});
afterAll(() => end());
beforeEach(() => {
  news = [];
  legId = randomUUID();
});

/** A parked caller, who may talk with the desk 1001. */
async function start(): Promise<{ caller: Channel; park: Park; call: CallRef }> {
  const { caller, park } = await world().parked('701');
  world().talked.mayTalk(caller, '1001');
  if (park.call === undefined) throw new Error('not parked');
  return { caller, park, call: park.call };
}

async function ring(
  park: Park,
  call: CallRef,
  presentation = { name: 'Park 701: Al', number: '2001', alertInfo: '' },
): Promise<void> {
  const { contacts } = await port.contacts({ tenantId: 'acme', userId: '', extension: '1001' }, 1_000);
  const leg = { legId, mediaNode: 'media-1', parkId: park.parkId, tenantId: 'acme', attempt: 1, forCall: call };
  port.ring({ ...leg, contact: contacts[0] ?? '', ringMs: 30_000, presentation, followForwarding: false });
}

/** The owner of the slot is told who has the call, as recalls tell it: nobody else knows that the slot is free. */
function taken({ tenantId, parkId }: Park, by: string): Promise<void> {
  const retriever = CallRef.fromPartial({ mediaNode: 'media-1', callId: by });
  const from = { $case: 'parkId', value: parkId } as const;
  const request = RetrieveRequest.fromPartial({ tenantId, from, retriever, mediaControl: MediaControl.CLUSTER });
  return new Promise((resolve, reject) => {
    world().client.retrieve(request, (error) => {
      if (error === null) resolve();
      else reject(error);
    });
  });
}

/** What the parker's phone showed of the leg. */
const rung = () =>
  world()
    .sim.phone('1001')
    .shown.filter(({ uuid }) => uuid === legId);

const ref = (park: Park) => ({ legId, mediaNode: 'media-1', parkId: park.parkId });

test('a phone that answers is told of once, and connected with the caller', async () => {
  const { caller, park, call } = await start();
  await ring(park, call);
  await world().until('it is so', () => news.length > 0);
  expect(await port.connect(ref(park), call)).toBe('connected');
  expect(caller.peer?.uuid).toBe(legId);
  // Asked twice, it changes nothing.
  expect(await port.connect(ref(park), call)).toBe('connected');
  expect(await port.exists(ref(park))).toBe('connected');
  port.cancel(ref(park), 'over');
  expect(await port.transfer(park, call, { to: 'destination', destination: '1003' })).toBe('not-held');
  expect([caller.isAlive, news]).toEqual([true, [[legId, 'answered']]]);
  await taken(park, legId);
});

test.each([
  ['busy', { kind: 'busy' }],
  ['busy', { kind: 'rejects' }],
  ['no-answer', { kind: 'no-response' }],
  ['unregistered', { kind: 'not-found' }],
  ['failed', { kind: 'unreachable' }],
] as const)('a leg ends as %s when its phone %o; the caller hears music all the while', async (what, behaviour) => {
  const { caller, park, call } = await start();
  world().sim.phone('1001').behaviour = behaviour;
  await ring(park, call);
  await world().until('it is so', () => news.length > 0);
  expect(news).toEqual([[legId, what]]);
  expect([caller.parked, caller.nested?.argument]).toEqual([true, 'local_stream://moh']);
});

test('a user without a registration is told of as that', async () => {
  const { park, call } = await start();
  world().sim.phone('1001').registered = false;
  await ring(park, call);
  await world().until('it is so', () => news.length > 0);
  expect(news).toEqual([[legId, 'unregistered']]);
});

test('a leg id is dialled once, also when it is asked for again', async () => {
  const { park, call } = await start();
  world().sim.phone('1001').behaviour = { kind: 'rings' };
  await ring(park, call);
  await world().until('it is so', () => rung().length > 0);
  await ring(park, call);
  expect(await port.exists(ref(park))).toBe('ringing');
  expect(rung()).toHaveLength(1);
  expect(await port.exists({ ...ref(park), parkId: 'another' })).toBe('foreign');
});

test('a name full of syntax is shown as text and dials nothing else', async () => {
  const { park, call } = await start();
  const name = `Park 701: O'Brien, \${hostname} {a=b}|sofia/x \\' "q"`;
  await ring(park, call, { name, number: '+49 30 1', alertInfo: '<http://ring>;info=park' });
  await world().until('it is so', () => news.length > 0);
  const [shown] = rung();
  expect(shown).toMatchObject({
    uuid: legId,
    name: 'Park 701: O’Brien, (hostname) (a=b)sofia/x /’ ”q”',
    number: '+49301',
  });
});

test('a cancelled leg ends without a word; the caller is still parked', async () => {
  const { caller, park, call } = await start();
  world().sim.phone('1001').behaviour = { kind: 'rings' };
  await ring(park, call);
  await world().until('it is so', () => world().sim.core.find(legId) !== undefined);
  port.cancel(ref(park), 'answered-elsewhere');
  await world().until('it is so', () => world().sim.core.find(legId) === undefined);
  expect([news, caller.parked]).toEqual([[], true]);
});

test('an answered leg that dies at the instant of the bridge: not connected, and the caller is back with music', async () => {
  const { caller, park, call } = await start();
  await ring(park, call);
  await world().until('it is so', () => news.length > 0);
  world().sim.core.beforeBridge = () =>
    world().sim.core.hangUp(world().sim.core.find(legId) ?? caller, 'NORMAL_CLEARING');
  expect(await port.connect(ref(park), call)).toBe('failed');
  await world().until('it is so', () => caller.parked && caller.nested?.argument === 'local_stream://moh');
});

test('connecting with a caller who is gone says so', async () => {
  const { caller, park, call } = await start();
  await ring(park, call);
  await world().until('it is so', () => news.length > 0);
  world().hangUp(caller);
  expect(await port.connect(ref(park), call)).toBe('caller-gone');
});

test('a leg is not joined with a call that stands under another park', async () => {
  const { caller, park, call } = await start();
  await ring(park, call);
  await world().until('it is so', () => news.length > 0);
  caller.variables.set('parkade_park', 'another-park:9');
  expect(await port.connect(ref(park), call)).toBe('failed');
  expect(caller.parked).toBe(true);
});

test('a call that somebody at the board of a gateway wants at an extension is had by whoever answers there', async () => {
  const { caller, park } = await start();
  const { cluster } = world();
  const gateway = cluster.start('board-1', ['gateway', '--nats', cluster.nats, '--port', '0', '--http-port', '0']);
  const [, board = ''] = await gateway.printed(/^park board on (\S+)$/m);
  const wanted = { do: 'retrieve', tenantId: 'acme', parkId: park.parkId, extension: '1002' };
  world().talked.mayTalk(caller, '1002');
  const response = await fetch(`${board}api/command`, {
    ...{ method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(wanted) },
  });
  expect([response.status, caller.peer?.phone.user]).toEqual([204, '1002']);
  await world().allFree();
  expect(await world().endedAs(park.parkId)).toBe('retrieved');
  await world().kill('board-1', 'SIGTERM');
});

test('a call is handed over to a number', async () => {
  const { caller, park, call } = await start();
  world().talked.mayTalk(caller, '1003');
  expect(await port.transfer(park, call, { to: 'destination', destination: '1003' })).toBe('done');
  await world().until('it is so', () => caller.peer?.phone.user === '1003');
  await taken(park, caller.peer?.uuid ?? '');
});

test('a call that is handed over to a number without a route is lost, and that is told', async () => {
  const { caller, park, call } = await start();
  world().talked.mayEnd(caller);
  expect(await port.transfer(park, call, { to: 'destination', destination: '9999' })).toBe('gone');
  await world().allFree();
});
