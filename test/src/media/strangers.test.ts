import { once } from 'node:events';
import { connect } from 'node:net';
import { callUnary } from '@parkade/cli';
import { SystemClock, SystemRandom } from '@parkade/clock';
import { newPickupSecret, pickupNumber } from '@parkade/media';
import type { Channel } from '@parkade/media-simulator';
import { MediaControl, type Park, ParkState, RetrieveRequest } from '@parkade/proto';
import { timestampMs } from '@parkade/rpc';
import { expect, test } from 'vitest';
import { CALL_MS, requestId } from '../support/calls.js';
import { withMediaWorld } from './with-media-world.js';

const world = withMediaWorld();
/** Where calls of the two nodes come from. */
const [HERE, THERE] = ['127.0.0.11', '127.0.0.12'];

/** Says something to the port that dial plans use, and waits until nobody listens any more. */
async function sayTo(port: number, text: string): Promise<void> {
  const socket = connect({ host: '127.0.0.1', port });
  socket.on('error', () => undefined);
  socket.write(text);
  await once(socket.resume(), 'close');
}

test('somebody who names another’s call at the outbound port, or talks nonsense, changes nothing', async () => {
  const [caller, desk] = await world().talk('2001', '1001');
  const waiting = await world().parked('702', '2002');
  const claim = (uuid: string, more = ''): string =>
    `Event-Name: CHANNEL_DATA\nUnique-ID: ${uuid}\nFreeSWITCH-Switchname: media-1\nCaller-Destination-Number: *4\n${more}variable_parkade_pending: true\nContent-Type: command/reply\nReply-Text: %2BOK%0A\n\n`;
  const words = [
    claim(caller.uuid),
    claim(waiting.caller.uuid, 'variable_current_application: socket\n'),
    claim('00000000-0000-4000-8000-000000000000'),
    'GET / HTTP/1.1\r\n\r\n',
    '\u0000'.repeat(10_000),
  ];
  for (const port of world().listeners.values()) await Promise.all(words.map((text) => sayTo(port, text)));
  expect(caller.peer).toBe(desk);
  expect((await world().parks()).map(({ parkId }) => parkId)).toEqual([waiting.park.parkId]);
  expect(waiting.caller.parked).toBe(true);
});

/** A call of the other node begins to fetch who is parked in a slot; the number a phone would be sent here with. */
async function begun(
  slot: string,
  by: Channel,
  giveUpS = 60,
): Promise<{ readonly number: string; readonly park: Park }> {
  const made = newPickupSecret(new SystemRandom());
  const request = RetrieveRequest.fromPartial({
    requestId: requestId(),
    tenantId: 'acme',
    from: { $case: 'slot', value: { slot } },
    retriever: { mediaNode: 'media-2', callId: by.uuid },
    mediaControl: MediaControl.CLUSTER,
    giveUpAfter: { seconds: giveUpS },
    pickupDigest: Buffer.from(made.digest),
  });
  const { client } = world();
  const { park } = await callUnary(client.beginRetrieve.bind(client), request, CALL_MS, new SystemClock());
  if (park === undefined) throw new Error('not begun');
  return { number: pickupNumber(made, park), park };
}

/** Somebody who has got by the access list dials a number where nodes deliver phones, from an address. */
function knock(number: string, from: string, { sim } = world().here): Channel {
  sim.phone('3000', { context: 'parkade-pickup', authenticated: false });
  const leg = sim.call('3000', number);
  leg.variables.set('sip_network_ip', from);
  return leg;
}

async function giveBack({ parkId, retrieveId }: Park): Promise<void> {
  const request = { requestId: requestId(), tenantId: 'acme', parkId, retrieveId, cause: 'test' };
  const { client } = world();
  await callUnary(client.giveBackRetrieve.bind(client), request, CALL_MS, new SystemClock());
}

async function refused(leg: Channel): Promise<void> {
  await world().until('it is refused', () => !leg.isAlive);
  expect(leg.cause).toBe('CALL_REJECTED');
}

test('a pickup that is guessed, another tenant’s, from or at a foreign node, or late is refused; the caller stays parked, and hears music', async () => {
  const { there, cluster } = world();
  const [, retriever] = await world().talk('2004', '1004', there);
  const { caller, park } = await world().parked('701');
  const isStill = async (): Promise<void> => {
    await world().waits(caller, park.parkId);
    expect((await world().park('701', ParkState.RETRIEVING)).parkId).toBe(park.parkId);
  };
  const { number, park: attempt } = await begun('701', retriever);
  const guess = newPickupSecret(new SystemRandom());
  await refused(knock(pickupNumber(guess, attempt), THERE));
  await refused(knock(pickupNumber(guess, { ...attempt, tenantId: 'beta' }), THERE));
  await refused(knock(number.replace(/YWNtZQ$/, Buffer.from('beta').toString('base64url')), THERE));
  await isStill();
  // The node it was made for, and no other, may send it, and it is good where the caller is alone.
  await refused(knock(number, HERE));
  await refused(knock(number, '127.0.0.99'));
  await refused(knock(number, THERE, there));
  await isStill();
  expect(cluster.logs()).toMatch(/"why":"unknown"[^]*"why":"elsewhere"/);
  await giveBack(attempt);
  await refused(knock(number, THERE));
  const late = await begun('701', retriever, 1);
  await world().until('it is late', () => Date.now() > timestampMs(late.park.giveUpAt ?? { seconds: 0, nanos: 0 }));
  await refused(knock(late.number, THERE));
  await giveBack(late.park);
  await world().waits(caller, park.parkId);
  for (const secret of [number, late.number]) expect(cluster.logs()).not.toContain(secret.slice(7, 31));
  await world().join(world().sim.call('1002', '*5701'), caller);
});

test('a pickup is good once: of two who come with the same number one gets the caller, and a third comes for nothing', async () => {
  const { there, cluster } = world();
  const [, retriever] = await world().talk('2004', '1004', there);
  const { caller } = await world().parked('701');
  const { number } = await begun('701', retriever);
  world().talked.mayTalk(caller, '3000');
  const both = [knock(number, THERE), knock(number, THERE)];
  await world().until('one talks', () => both.some((leg) => leg.peer === caller));
  await world().until('the other is refused', () => both.some(({ cause }) => cause === 'CALL_REJECTED'));
  await world().allFree();
  await refused(knock(number, THERE));
  expect(both.filter(({ isAlive }) => isAlive)).toHaveLength(1);
  expect(cluster.logs()).toContain('"why":"claimed"');
  expect(cluster.logs()).not.toContain(number.slice(7, 31));
});

test('a pickup number is good once: replayed, guessed or dialled by a phone it is refused, and logged nowhere', async () => {
  const { sim, there, cluster } = world();
  const { caller, park } = await world().parked('701');
  const numbers: string[] = [];
  const unlisten = sim.core.listen((fields) => {
    const dialled = fields['Caller-Destination-Number'] ?? '';
    if (fields['Event-Name'] === 'CHANNEL_CREATE' && dialled.startsWith('pickup-')) numbers.push(dialled);
  });
  const taker = there.sim.call('1002', '*5701');
  sim.core.beforeBridge = () => world().hangUp(taker);
  await world().until('the retriever has hung up', () => !taker.isAlive);
  sim.core.beforeBridge = () => undefined;
  unlisten();
  expect((await world().park('701')).parkId).toBe(park.parkId);
  await world().waits(caller);
  const [used = ''] = numbers;
  expect(used).toMatch(/^pickup-[\w-]{48,}$/);
  sim.phone('3000', { context: 'parkade-pickup', authenticated: false });
  for (const [user, number] of [
    ['3000', used],
    ['3000', `pickup-${'A'.repeat(54)}`],
    ['1003', used],
    ['1201', used],
  ] as const) {
    const leg = sim.call(user, number);
    await world().until('it is refused', () => !leg.isAlive);
    expect(leg.cause).toBe(user === '3000' ? 'CALL_REJECTED' : 'NO_ROUTE_DESTINATION');
  }
  expect((await world().park('701')).parkId).toBe(park.parkId);
  expect([caller.parked, caller.isAlive]).toEqual([true, true]);
  expect(cluster.logs()).not.toContain(used);
});
