import { ManualClock, SeededRandom } from '@parkade/clock';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { OutboundServer, type OutboundConfig } from './outbound-server.js';
import type { OutboundSession } from './outbound-session.js';
import { eventually } from './testing/eventually.js';
import { FakePeer } from './testing/fake-switch.js';
import { CommandReader } from './testing/command-reader.js';

const UUID = '62e2a7cb-92de-4bc3-abdb-e8acc084ab37';
const CHANNEL = `Event-Name: CHANNEL_DATA\nUnique-ID: ${UUID}\nChannel-Name: sofia%2Finternal%2F3000\nContent-Type: command/reply\nReply-Text: %2BOK%0A\nSocket-Mode: async\nControl: full\n\n`;

let clock: ManualClock;
let server: OutboundServer;
let port: number;
let sessions: OutboundSession[];
let turnedAway: string[];
let faults: unknown[];
let allowed: boolean;
let callers: Socket[];

beforeEach(() => {
  clock = new ManualClock();
  [sessions, turnedAway, faults, callers, allowed] = [[], [], [], [], true];
});

afterEach(async () => {
  await server.close();
  for (const caller of callers) caller.destroy();
  // B3
  expect(clock.pendingTimers).toBe(0);
  expect(server.connections).toBe(0);
});

async function listen(config: Partial<OutboundConfig> = {}): Promise<void> {
  server = new OutboundServer(
    { host: '127.0.0.1', port: 0, ...config },
    {
      clock,
      random: new SeededRandom(3),
      mayWrite: () => allowed,
      handler: {
        onCall: (session) => void sessions.push(session),
        onTurnedAway: (reason) => turnedAway.push(reason),
        onFault: (error) => faults.push(error),
      },
    },
  );
  port = await server.listen();
}

/** A FreeSWITCH that answers `connect` with its channel and takes every other command. */
function call(answer: (line: string, peer: FakePeer) => boolean = () => false): FakePeer {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  const peer = new FakePeer(socket);
  const reader = new CommandReader();
  callers.push(socket);
  socket.on('error', () => undefined);
  socket.on('data', (chunk) => {
    for (const command of reader.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk)) {
      peer.commands.push(command);
      if (answer(command.line, peer)) continue;
      if (command.line === 'connect') peer.raw(CHANNEL);
      else peer.reply('+OK');
    }
  });
  return peer;
}

async function session(
  answer?: (line: string, peer: FakePeer) => boolean,
): Promise<{ call: OutboundSession; peer: FakePeer }> {
  const peer = call(answer);
  await eventually(() => sessions.length > 0);
  const [first] = sessions;
  if (first === undefined) throw new Error('no session');
  return { call: first, peer };
}

test('T1: a call is shown with its channel, after connect and nothing else', async () => {
  await listen();
  const { call: shown, peer } = await session();
  expect(peer.lines).toEqual(['connect']);
  expect(shown.channelUuid).toBe(UUID);
  expect(shown.channel.get('Channel-Name')).toBe('sofia/internal/3000');
});

test('myevents, linger, execute with event-lock and exit are written as FreeSWITCH takes them', async () => {
  await listen();
  const { call: shown, peer } = await session((line, caller) => {
    if (line !== 'exit') return false;
    caller.reply('+OK bye');
    caller.notice('Disconnected, goodbye.\n');
    caller.socket.end();
    return true;
  });
  await shown.myevents();
  await shown.linger(5);
  await shown.execute('playback', 'tone_stream://%(300,0,500)', { eventLock: true });
  expect(await shown.exit()).toMatchObject({ ok: true });
  expect(await shown.ended).toEqual({ kind: 'exited' });
  expect(peer.lines).toEqual(['connect', 'myevents', 'event json CHANNEL_HANGUP', 'linger 5', 'sendmsg', 'exit']);
  expect(peer.commands[4]?.headers).toEqual([
    ['call-command', 'execute'],
    ['execute-app-name', 'playback'],
    ['execute-app-arg', 'tone_stream://%(300,0,500)'],
    ['event-lock', 'true'],
  ]);
});

test('executeToEnd waits for the event of its own application', async () => {
  await listen();
  const { call: shown, peer } = await session();
  const heard: string[] = [];
  shown.listen((event) => heard.push(event.get('Application-UUID') ?? ''));
  const done = shown.executeToEnd('playback', 'a.wav');
  await eventually(() => peer.commands.length === 2);
  const eventUuid = new Map(peer.commands[1]?.headers).get('Event-UUID') ?? '';
  const complete = { 'Event-Name': 'CHANNEL_EXECUTE_COMPLETE', 'Application-Response': 'FILE PLAYED' };
  peer.event({ ...complete, 'Application-UUID': 'another' });
  peer.event({ ...complete, 'Application-UUID': eventUuid });
  expect(await done).toEqual({ ok: true, text: 'FILE PLAYED' });
  expect(heard).toEqual(['another', eventUuid]);
});

test('an application without its end in time is a time-out', async () => {
  await listen();
  const { call: shown, peer } = await session();
  const done = shown.executeToEnd('park', '', { limitMs: 10_000 });
  await eventually(() => peer.commands.length === 2);
  await clock.advance(10_000);
  expect(await done).toEqual({ ok: false, reason: 'timeout', sent: true, limitMs: 10_000 });
});

test('a value with a line break never reaches the call', async () => {
  await listen();
  const { call: shown, peer } = await session();
  expect(await shown.execute('set', 'a=b\n\nsendmsg\ncall-command: hangup')).toMatchObject({ reason: 'invalid' });
  await shown.linger(1);
  expect(peer.lines).toEqual(['connect', 'linger 1']);
});

test('with the fence closed nothing is written', async () => {
  await listen();
  const { call: shown, peer } = await session();
  allowed = false;
  expect(await shown.execute('answer')).toEqual({ ok: false, reason: 'fenced' });
  expect(peer.lines).toEqual(['connect']);
});

test('B1: one connection too many is closed at once', async () => {
  await listen({ maxConnections: 2 });
  call();
  call();
  await eventually(() => sessions.length === 2);
  const third = call();
  await eventually(() => third.socket.destroyed);
  expect(turnedAway).toEqual(['too-many']);
  expect(server.connections).toBe(2);
});

test('B2: a peer that says nothing, or is no channel, is closed within the limit and never shown', async () => {
  await listen();
  const silent = call(() => true);
  const stranger = call((_, peer) => {
    peer.reply('+OK');
    return true;
  });
  await eventually(() => stranger.socket.destroyed);
  await eventually(() => silent.lines.length === 1);
  await clock.advance(5_000);
  await eventually(() => silent.socket.destroyed);
  await eventually(() => turnedAway.length === 2);
  expect(turnedAway).toEqual(['no-channel', 'no-channel']);
  expect(sessions).toEqual([]);
});

test('a peer that falls silent is probed and then closed', async () => {
  await listen();
  const { call: shown, peer } = await session((line) => line.startsWith('api echo'));
  await clock.advance(25_000);
  await eventually(() => peer.lines.at(-1) === 'api echo alive');
  await clock.advance(5_000);
  expect(await shown.ended).toEqual({ kind: 'connection-broke', cause: { reason: 'silent' } });
});

test('a hang-up with linger is told when the last events are through, a cut as a broken connection', async () => {
  await listen();
  const { call: shown, peer } = await session();
  const heard: string[] = [];
  shown.listen((event) => heard.push(event.name));
  peer.raw('Content-Type: text/disconnect-notice\nContent-Disposition: linger\nLinger-Time: 5\nContent-Length: 0\n\n');
  peer.event({ 'Event-Name': 'CHANNEL_HANGUP_COMPLETE' });
  peer.notice('Disconnected, goodbye.\n');
  peer.socket.end();
  expect(await shown.ended).toEqual({ kind: 'hangup' });
  expect(heard).toEqual(['CHANNEL_HANGUP_COMPLETE']);

  const second = call();
  await eventually(() => sessions.length === 2);
  second.socket.resetAndDestroy();
  expect(await sessions[1]?.ended).toMatchObject({ kind: 'connection-broke' });
});

test('closing the server closes the calls and fails what is out', async () => {
  await listen();
  const { call: shown, peer } = await session((line) => line.startsWith('sendmsg'));
  const out = shown.execute('playback', 'a.wav');
  await eventually(() => peer.commands.length === 2);
  await server.close();
  expect(await out).toEqual({ ok: false, reason: 'down', sent: true });
  expect(await shown.ended).toEqual({ kind: 'closed' });
  await listen();
});

test('a listener that throws is reported and the connection goes on', async () => {
  await listen();
  const { call: shown, peer } = await session();
  shown.listen(() => {
    throw new Error('broken');
  });
  peer.event({ 'Event-Name': 'A' });
  await eventually(() => faults.length === 1);
  expect(await shown.linger(1)).toMatchObject({ ok: true });
});
