import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { eventually } from './testing/eventually.js';
import { InboundBench } from './testing/inbound-bench.js';

let bench: InboundBench;

beforeEach(async () => {
  bench = await InboundBench.open();
});

afterEach(async () => {
  await bench.close();
  // C4
  expect(bench.clock.pendingTimers).toBe(0);
  expect(bench.listener.faults).toEqual([]);
});

describe('handshake', () => {
  test('authenticates, sets filters, then subscribes as JSON with the events it lives on', async () => {
    const { peer } = await bench.up({
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
    bench.start({ password: 'wrong' });
    await eventually(() => bench.listener.downs.length > 1, bench.clock);
    expect(bench.listener.heard.slice(0, 2)).toEqual(['failed', 'failed']);
    expect(bench.listener.downs[0]).toEqual({ kind: 'refused', text: '-ERR invalid' });
    expect(JSON.stringify(bench.listener.downs)).not.toContain('wrong');
  });

  test('an access list that turns us away is a refusal', async () => {
    bench.fake.answer = (_, peer) => {
      peer.raw('Content-Type: text/rude-rejection\nContent-Length: 24\n\nAccess Denied, go away.\n');
      peer.socket.end();
      return true;
    };
    bench.start();
    await eventually(() => bench.listener.downs.length > 0);
    expect(bench.listener.downs[0]).toEqual({ kind: 'refused', text: 'Access Denied, go away.' });
  });

  test('a server that says nothing is given up after the handshake limit', async () => {
    bench.fake.answer = () => true;
    bench.start();
    await eventually(() => bench.fake.peers.length > 0);
    await eventually(() => bench.listener.downs.length > 0, bench.clock);
    expect(bench.listener.downs[0]).toEqual({ kind: 'connection-broke', cause: { reason: 'handshake-timeout' } });
  });

  test('a password with a line break is refused before anything is opened', () => {
    expect(() => bench.start({ password: 'a\n\napi shutdown' })).toThrow('the handshake cannot be encoded: line');
    expect(bench.fake.peers.length).toBe(0);
  });
});

describe('commands', () => {
  test('C2: without a connection a command fails at once and is not carried over', async () => {
    const connection = bench.start();
    expect(await connection.api('status')).toEqual({ ok: false, reason: 'down', sent: false });
    expect(await connection.bgapi('status')).toEqual({ ok: false, reason: 'down', sent: false });
    await eventually(() => bench.listener.heard.includes('up'));
    expect(bench.peer(0).lines.filter((line) => line.includes('status'))).toEqual([]);
  });

  test('replies come in order however many are out', async () => {
    const { connection } = await bench.up();
    const texts = Array.from({ length: 100 }, (_, i) => `n${i}`);
    const results = await Promise.all(texts.map((text) => connection.api('echo', text)));
    expect(results.map((result) => (result.ok ? result.reply.text : result.reason))).toEqual(texts);
  });

  test('a value with a line break never reaches the socket', async () => {
    const { connection, peer } = await bench.up();
    expect(await connection.api('originate', 'x\n\napi fsctl shutdown')).toMatchObject({ reason: 'invalid' });
    expect(await connection.bgapi('originate', 'x\r\ny')).toMatchObject({ reason: 'invalid' });
    await connection.api('echo', 'after');
    expect(peer.lines.slice(2)).toEqual(['api echo after']);
  });

  test('Q2: with the fence closed no byte is sent, not even a probe', async () => {
    const { connection, peer } = await bench.up();
    bench.allowed = false;
    expect(await connection.api('status')).toEqual({ ok: false, reason: 'fenced' });
    expect(await connection.bgapi('uuid_kill', 'x')).toEqual({ ok: false, reason: 'fenced' });
    await eventually(() => bench.listener.downs.length > 0, bench.clock, 1_000);
    expect(peer.lines).toHaveLength(2);
  });

  test('Q3: what a node that does not read leaves in our hands is withheld once the fence closes', async () => {
    bench.fake.answer = ({ line }, peer) => {
      if (line.startsWith('api')) peer.api('done');
      return line.startsWith('api');
    };
    const { connection, peer } = await bench.up({ commands: { maxInFlight: 1_000 } });
    peer.socket.pause();
    // 24 MB: more than the kernel takes on its own.
    const all = Array.from({ length: 400 }, () => connection.api('echo', 'x'.repeat(60_000)));
    bench.allowed = false;
    peer.socket.resume();
    const results = await Promise.all(all);
    const fenced = results.filter((result) => !result.ok && result.reason === 'fenced').length;
    expect(fenced).toBeGreaterThan(0);
    expect(results.filter((result) => result.ok).length).toBe(400 - fenced);
    expect(peer.lines.length - 2).toBe(400 - fenced);
  });

  test('with the fence closed from the start the password is not sent', async () => {
    bench.allowed = false;
    bench.start();
    await eventually(() => bench.listener.downs.length > 0);
    expect(bench.listener.downs[0]).toEqual({ kind: 'fenced' });
    expect(bench.peer(0).lines).toEqual([]);
  });
});

describe('background jobs', () => {
  test('a job is matched by our own id, also when its event comes before the reply', async () => {
    bench.fake.answer = ({ line, headers }, peer) => {
      if (!line.startsWith('bgapi ')) return false;
      const jobUuid = new Map(headers).get('Job-UUID') ?? '';
      peer.event({ 'Event-Name': 'BACKGROUND_JOB', 'Job-UUID': 'of another', _body: 'not ours' });
      peer.event({ 'Event-Name': 'BACKGROUND_JOB', 'Job-UUID': jobUuid, _body: `+OK ${line}\n` });
      peer.reply(`+OK Job-UUID: ${jobUuid}`);
      return true;
    };
    const { connection } = await bench.up();
    const results = await Promise.all(['a', 'b'].map((args) => connection.bgapi('originate', args)));
    expect(results).toEqual([
      { ok: true, text: '+OK bgapi originate a\n' },
      { ok: true, text: '+OK bgapi originate b\n' },
    ]);
    expect(bench.listener.events).toEqual([]);
  });

  test('a job that failed is a refusal with its cause', async () => {
    bench.fake.answer = ({ line, headers }, peer) => {
      if (!line.startsWith('bgapi ')) return false;
      const jobUuid = new Map(headers).get('Job-UUID') ?? '';
      peer.reply('+OK');
      peer.event({ 'Event-Name': 'BACKGROUND_JOB', 'Job-UUID': jobUuid, _body: '-ERR USER_BUSY\n' });
      return true;
    };
    const { connection } = await bench.up();
    expect(await connection.bgapi('originate', 'x')).toEqual({ ok: false, reason: 'refused', text: '-ERR USER_BUSY' });
  });

  test('J2: a job without its event in time is a time-out that may have run', async () => {
    const { connection, peer } = await bench.up();
    const job = connection.bgapi('originate', 'x', 12_000);
    await eventually(() => peer.lines.length === 3);
    await bench.clock.advance(12_000);
    expect(await job).toEqual({ ok: false, reason: 'timeout', sent: true, limitMs: 12_000 });
  });

  test('J2: the end of the connection fails the jobs that are out', async () => {
    const { connection, peer } = await bench.up();
    const job = connection.bgapi('originate', 'x');
    await eventually(() => peer.lines.length === 3);
    peer.socket.destroy();
    expect(await job).toEqual({ ok: false, reason: 'down', sent: true });
  });

  test('J3: more than maxJobs are refused', async () => {
    const { connection } = await bench.up({ maxJobs: 2 });
    void connection.bgapi('a');
    void connection.bgapi('b');
    expect(await connection.bgapi('c')).toEqual({ ok: false, reason: 'queue-full', limit: 2 });
  });
});
