import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { withMediaWorld } from './with-media-world.js';

const world = withMediaWorld();
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
  expect(used).toMatch(/^pickup-[\w-]{22,}$/);
  sim.phone('3000', { context: 'parkade-pickup', authenticated: false });
  for (const [user, number] of [
    ['3000', used],
    ['3000', 'pickup-AAAAAAAAAAAAAAAAAAAAAAAA'],
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
