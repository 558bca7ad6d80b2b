import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, expect, test } from 'vitest';
import { withMediaWorld } from './world.js';

const world = withMediaWorld();
const unlisten: (() => void)[] = [];

afterAll(() => unlisten.forEach((end) => end()));

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
