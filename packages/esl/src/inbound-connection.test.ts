import { ManualClock, SeededRandom } from '@parkade/clock';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { apiCommand } from './commands.js';
import type { InboundConfig } from './inbound-config.js';
import { InboundConnection } from './inbound-connection.js';
import { eventually } from './testing/eventually.js';
import { FakeSwitch, type FakePeer } from './testing/fake-switch.js';
import { RecordingListener } from './testing/recording-listener.js';

let fake: FakeSwitch;
let clock: ManualClock;
let listener: RecordingListener;
let allowed: boolean;
let stop: AbortController;
let run: Promise<void> | undefined;

beforeEach(async () => {
  fake = await FakeSwitch.listen();
  clock = new ManualClock();
  listener = new RecordingListener();
  allowed = true;
  stop = new AbortController();
  run = undefined;
});

afterEach(async () => {
  stop.abort();
  await run;
  await fake.close();
  // C4
  expect(clock.pendingTimers).toBe(0);
  expect(listener.faults).toEqual([]);
});

function start(config: Partial<InboundConfig> = {}): InboundConnection {
  const connection = new InboundConnection(
    { host: '127.0.0.1', port: fake.port, password: 'ClueCon', subscription: { events: ['CHANNEL_PARK'] }, ...config },
    { clock, random: new SeededRandom(7), listener, mayWrite: () => allowed },
  );
  run = connection.run(stop.signal);
  return connection;
}

async function up(config: Partial<InboundConfig> = {}): Promise<{ connection: InboundConnection; peer: FakePeer }> {
  const connection = start(config);
  await eventually(() => listener.heard.includes('up'));
  return { connection, peer: peerAt(0) };
}

function peerAt(index: number): FakePeer {
  const peer = fake.peers[index];
  if (peer === undefined) throw new Error(`no connection ${index}`);
  return peer;
}

describe('handshake', () => {
  test('authenticates, sets filters, then subscribes as JSON with the events it lives on', async () => {
    const { peer } = await up({
      subscription: {
        events: ['CHANNEL_PARK'],
        customSubclasses: ['valet_parking::info'],
        filters: [{ header: 'variable_parkade', value: 'true' }],
      },
    });
    expect(peer.lines).toEqual([
      'auth ClueCon',
      'filter Event-Name BACKGROUND_JOB',
      'filter Event-Name HEARTBEAT',
      'filter Event-Name SHUTDOWN',
      'filter variable_parkade true',
      'event json BACKGROUND_JOB HEARTBEAT SHUTDOWN CHANNEL_PARK CUSTOM valet_parking::info',
    ]);
  });

  test('a wrong password is told as a refusal, tried again, and never echoed', async () => {
    start({ password: 'wrong' });
    await eventually(() => listener.downs.length > 1, clock);
    expect(listener.heard.slice(0, 2)).toEqual(['failed', 'failed']);
    expect(listener.downs[0]).toEqual({ kind: 'refused', text: '-ERR invalid' });
    expect(JSON.stringify(listener.downs)).not.toContain('wrong');
  });

  test('an access list that turns us away is a refusal', async () => {
    fake.answer = (_, peer) => {
      peer.raw('Content-Type: text/rude-rejection\nContent-Length: 24\n\nAccess Denied, go away.\n');
      peer.socket.end();
      return true;
    };
    start();
    await eventually(() => listener.downs.length > 0);
    expect(listener.downs[0]).toEqual({ kind: 'refused', text: 'Access Denied, go away.' });
  });

  test('a server that says nothing is given up after the handshake limit', async () => {
    fake.answer = () => true;
    start();
    await eventually(() => fake.peers.length > 0);
    await eventually(() => listener.downs.length > 0, clock);
    expect(listener.downs[0]).toEqual({ kind: 'connection-broke', cause: { reason: 'handshake-timeout' } });
  });

  test('a password with a line break is refused before anything is opened', () => {
    expect(() => start({ password: 'a\n\napi shutdown' })).toThrow('the handshake cannot be encoded: line');
    expect(fake.peers.length).toBe(0);
  });
});

describe('commands', () => {
  test('C2: without a connection a command fails at once and is not carried over', async () => {
    const connection = start();
    expect(await connection.api('status')).toEqual({ ok: false, reason: 'down', sent: false });
    expect(await connection.bgapi('status')).toEqual({ ok: false, reason: 'down', sent: false });
    await eventually(() => listener.heard.includes('up'));
    expect(peerAt(0).lines.filter((line) => line.includes('status'))).toEqual([]);
  });

  test('replies come in order however many are out', async () => {
    const { connection } = await up();
    const texts = Array.from({ length: 100 }, (_, i) => `n${i}`);
    const results = await Promise.all(texts.map((text) => connection.api('echo', text)));
    expect(results.map((result) => (result.ok ? result.reply.text : result.reason))).toEqual(texts);
  });

  test('a value with a line break never reaches the socket', async () => {
    const { connection, peer } = await up();
    expect(await connection.api('originate', 'x\n\napi fsctl shutdown')).toMatchObject({ reason: 'invalid' });
    expect(await connection.bgapi('originate', 'x\r\ny')).toMatchObject({ reason: 'invalid' });
    await connection.api('echo', 'after');
    expect(peer.lines.slice(2)).toEqual(['api echo after']);
  });

  test('Q2: with the fence closed no byte is sent, not even a probe', async () => {
    const { connection, peer } = await up();
    allowed = false;
    expect(await connection.api('status')).toEqual({ ok: false, reason: 'fenced' });
    expect(await connection.bgapi('uuid_kill', 'x')).toEqual({ ok: false, reason: 'fenced' });
    await eventually(() => listener.downs.length > 0, clock, 1_000);
    expect(peer.lines).toHaveLength(2);
  });

  test('with the fence closed from the start the password is not sent', async () => {
    allowed = false;
    start();
    await eventually(() => listener.downs.length > 0);
    expect(listener.downs[0]).toEqual({ kind: 'fenced' });
    expect(peerAt(0).lines).toEqual([]);
  });
});

describe('background jobs', () => {
  test('a job is matched by our own id, also when its event comes before the reply', async () => {
    fake.answer = ({ line, headers }, peer) => {
      if (!line.startsWith('bgapi ')) return false;
      const jobUuid = new Map(headers).get('Job-UUID') ?? '';
      peer.event({ 'Event-Name': 'BACKGROUND_JOB', 'Job-UUID': 'of another', _body: 'not ours' });
      peer.event({ 'Event-Name': 'BACKGROUND_JOB', 'Job-UUID': jobUuid, _body: `+OK ${line}\n` });
      peer.reply(`+OK Job-UUID: ${jobUuid}`);
      return true;
    };
    const { connection } = await up();
    const results = await Promise.all(['a', 'b'].map((args) => connection.bgapi('originate', args)));
    expect(results).toEqual([
      { ok: true, text: '+OK bgapi originate a\n' },
      { ok: true, text: '+OK bgapi originate b\n' },
    ]);
    expect(listener.events).toEqual([]);
  });

  test('a job that failed is a refusal with its cause', async () => {
    fake.answer = ({ line, headers }, peer) => {
      if (!line.startsWith('bgapi ')) return false;
      const jobUuid = new Map(headers).get('Job-UUID') ?? '';
      peer.reply('+OK');
      peer.event({ 'Event-Name': 'BACKGROUND_JOB', 'Job-UUID': jobUuid, _body: '-ERR USER_BUSY\n' });
      return true;
    };
    const { connection } = await up();
    expect(await connection.bgapi('originate', 'x')).toEqual({ ok: false, reason: 'refused', text: '-ERR USER_BUSY' });
  });

  test('J2: a job without its event in time is a time-out that may have run', async () => {
    const { connection, peer } = await up();
    const job = connection.bgapi('originate', 'x', 12_000);
    await eventually(() => peer.lines.length === 3);
    await clock.advance(12_000);
    expect(await job).toEqual({ ok: false, reason: 'timeout', sent: true, limitMs: 12_000 });
  });

  test('J2: the end of the connection fails the jobs that are out', async () => {
    const { connection, peer } = await up();
    const job = connection.bgapi('originate', 'x');
    await eventually(() => peer.lines.length === 3);
    peer.socket.destroy();
    expect(await job).toEqual({ ok: false, reason: 'down', sent: true });
  });

  test('J3: more than maxJobs are refused', async () => {
    const { connection } = await up({ maxJobs: 2 });
    void connection.bgapi('a');
    void connection.bgapi('b');
    expect(await connection.bgapi('c')).toEqual({ ok: false, reason: 'queue-full', limit: 2 });
  });
});

describe('reconnecting', () => {
  test('C1: a cut connection is told as broken, and comes back subscribed as before', async () => {
    const { connection, peer } = await up();
    const cut = connection.api('sleep');
    await eventually(() => peer.lines.length === 3);
    peer.socket.resetAndDestroy();
    // The fake answers an unknown api with -ERR; either that or the cut is seen first.
    expect((await cut).ok).toBe(false);
    await eventually(() => listener.heard.filter((heard) => heard === 'up').length === 2, clock);
    expect(listener.heard).toEqual(['up', 'down', 'up']);
    expect(listener.downs[0]).toMatchObject({ kind: 'connection-broke' });
    expect(peerAt(1).lines).toEqual(peerAt(0).lines.slice(0, 2));
    expect(await connection.api('echo', 'again')).toMatchObject({ ok: true });
  });

  test('attempts that fail wait longer and longer', async () => {
    await fake.close();
    start({ backoff: { firstMs: 1_000, maxMs: 8_000 } });
    const times: number[] = [];
    listener.onDown = (): void => void times.push(clock.monotonicMs());
    await eventually(() => times.length === 7, clock, 50);
    const waits = times.slice(1).map((time, i) => time - (times[i] ?? 0));
    const fullMs = [1_000, 2_000, 4_000, 8_000, 8_000, 8_000];
    for (const [i, wait] of waits.entries()) {
      expect(wait).toBeGreaterThanOrEqual((fullMs[i] ?? 0) / 2);
      // One step of the clock may pass before the refusal is heard.
      expect(wait).toBeLessThanOrEqual((fullMs[i] ?? 0) + 150);
    }
    fake = await FakeSwitch.listen();
  });

  test('a SHUTDOWN event or the notice of it means that the node stopped', async () => {
    const { peer } = await up();
    peer.event({ 'Event-Name': 'SHUTDOWN' });
    peer.socket.end();
    await eventually(() => listener.heard.includes('down'));
    expect(listener.heard).toEqual(['up', 'SHUTDOWN', 'down']);
    expect(listener.downs).toEqual([{ kind: 'node-stopped' }]);
  });

  test('a stream that breaks a bound ends the connection with its reason', async () => {
    const { peer } = await up({ codec: { maxBodyBytes: 1_000 } });
    peer.raw('Content-Type: api/response\nContent-Length: 1001\n\n');
    await eventually(() => listener.downs.length > 0);
    expect(listener.downs[0]).toMatchObject({
      cause: { reason: 'undecodable', error: { reason: 'body-too-long', limitBytes: 1_000, lengthBytes: 1_001 } },
    });
  });

  test('a reply nobody asked for ends the connection', async () => {
    const { peer } = await up();
    peer.reply('+OK');
    await eventually(() => listener.downs.length > 0);
    expect(listener.downs[0]).toMatchObject({ cause: { reason: 'unexpected-reply' } });
  });
});

describe('watchdog', () => {
  test('W1: a quiet connection is probed, and lives on when the probe is answered', async () => {
    const { peer } = await up();
    await clock.advance(25_000);
    await eventually(() => peer.lines.at(-1) === 'api echo alive');
    await eventually(() => peer.lines.filter((line) => line === 'api echo alive').length >= 3, clock, 500);
    expect(listener.heard).toEqual(['up']);
  });

  test('W2: without any answer it is broken and made anew', async () => {
    fake.answer = ({ line }) => line === 'api echo alive';
    await up();
    await clock.advance(25_000);
    await eventually(() => peerAt(0).lines.includes('api echo alive'));
    await clock.advance(4_999);
    expect(listener.downs).toEqual([]);
    await clock.advance(1);
    await eventually(() => listener.downs.length > 0);
    expect(listener.downs[0]).toEqual({ kind: 'connection-broke', cause: { reason: 'silent' } });
    await eventually(() => listener.heard.filter((heard) => heard === 'up').length === 2, clock);
  });

  test('a command without its reply for the overdue limit means a dead connection, in spite of other traffic', async () => {
    fake.answer = ({ line }) => line === 'api hang';
    const { connection, peer } = await up();
    const hung = connection.command(apiCommand('hang'), 1_000);
    await eventually(() => peer.lines.includes('api hang'));
    for (let i = 0; i < 40 && listener.downs.length === 0; i++) {
      peer.event({ 'Event-Name': 'HEARTBEAT' });
      await eventually(() => listener.events.length === i + 1);
      await clock.advance(1_000);
    }
    expect(await hung).toEqual({ ok: false, reason: 'timeout', sent: true, limitMs: 1_000 });
    await eventually(() => listener.downs.length > 0);
    expect(listener.downs[0]).toMatchObject({ cause: { reason: 'reply-overdue' } });
  });
});

describe('listener', () => {
  test('C3: events wait for the listener one by one, and down waits for the last of them', async () => {
    const { peer } = await up();
    const releases: (() => void)[] = [];
    listener.onEvent = (event): Promise<void> => {
      listener.heard.push(event.name);
      return new Promise((resolve) => releases.push(resolve));
    };
    peer.event({ 'Event-Name': 'A' });
    peer.event({ 'Event-Name': 'B' });
    peer.socket.end();
    await eventually(() => listener.heard.length === 2);
    await clock.advance(60_000);
    expect(listener.heard).toEqual(['up', 'A']);
    releases[0]?.();
    await eventually(() => releases.length === 2);
    releases[1]?.();
    await eventually(() => listener.heard.includes('down'));
    expect(listener.heard).toEqual(['up', 'A', 'B', 'down']);
    expect(fake.peers.length).toBe(1);
  });

  test('a listener that awaits a command is answered while it holds up the events', async () => {
    const { connection, peer } = await up();
    let answer = '';
    listener.onEvent = async (): Promise<void> => {
      const result = await connection.api('echo', 'within');
      answer = result.ok ? result.reply.text : result.reason;
    };
    peer.event({ 'Event-Name': 'A' });
    await eventually(() => answer !== '');
    expect(answer).toBe('within');
  });

  test('V3: a slow listener pauses the socket; every event still comes, and the watchdog rests meanwhile', async () => {
    const { peer } = await up({ maxQueuedEvents: 10 });
    let open: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    const seen: string[] = [];
    listener.onEvent = async (event): Promise<void> => {
      await gate;
      seen.push(event.get('N') ?? '');
    };
    const total = 5_000;
    for (let i = 0; i < total; i++) peer.event({ 'Event-Name': 'E', N: String(i), pad: 'x'.repeat(2_000) });
    // 10 MB do not fit the kernel's buffers: FreeSWITCH is held back.
    await clock.advance(120_000);
    await eventually(() => peer.socket.writableLength > 0);
    expect(listener.downs).toEqual([]);
    open();
    await eventually(() => seen.length === total);
    expect(seen).toEqual(Array.from({ length: total }, (_, i) => String(i)));
  });

  test('an event that cannot be read is told, and the connection goes on', async () => {
    const { peer } = await up();
    peer.raw('Content-Type: text/event-json\nContent-Length: 4\n\n{"a"');
    peer.event({ 'Event-Name': 'A' });
    await eventually(() => listener.heard.length === 3);
    expect(listener.heard).toEqual(['up', 'unreadable text/event-json: bad-json', 'A']);
  });

  test('V4: a listener that throws is reported and hears the next event', async () => {
    const { peer } = await up();
    listener.onEvent = (event): void => {
      listener.heard.push(event.name);
      if (event.name === 'A') throw new Error('broken');
    };
    peer.event({ 'Event-Name': 'A' });
    peer.event({ 'Event-Name': 'B' });
    await eventually(() => listener.heard.includes('B'));
    expect(listener.faults.splice(0)).toEqual([new Error('broken')]);
  });
});
