import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { apiCommand } from './commands.js';
import { eventually } from './testing/eventually.js';
import { FakeSwitch } from './testing/fake-switch.js';
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

describe('reconnecting', () => {
  test('C1: a cut connection is told as broken, and comes back subscribed as before', async () => {
    const { connection, peer } = await bench.up();
    const cut = connection.api('sleep');
    await eventually(() => peer.lines.length === 3);
    peer.socket.resetAndDestroy();
    // The fake answers an unknown api with -ERR; either that or the cut is seen first.
    expect((await cut).ok).toBe(false);
    await eventually(() => bench.listener.heard.filter((heard) => heard === 'up').length === 2, bench.clock);
    expect(bench.listener.heard).toEqual(['up', 'down', 'up']);
    expect(bench.listener.downs[0]).toMatchObject({ kind: 'connection-broke' });
    expect(bench.peer(1).lines).toEqual(bench.peer(0).lines.slice(0, 2));
    expect(await connection.api('echo', 'again')).toMatchObject({ ok: true });
  });

  test('attempts that fail wait longer and longer', async () => {
    await bench.fake.close();
    bench.start({ backoff: { firstMs: 1_000, maxMs: 8_000 } });
    const times: number[] = [];
    bench.listener.onDown = (): void => void times.push(bench.clock.monotonicMs());
    await eventually(() => times.length === 7, bench.clock, 50);
    const waits = times.slice(1).map((time, i) => time - (times[i] ?? 0));
    const fullMs = [1_000, 2_000, 4_000, 8_000, 8_000, 8_000];
    for (const [i, wait] of waits.entries()) {
      expect(wait).toBeGreaterThanOrEqual((fullMs[i] ?? 0) / 2);
      // One step of the clock may pass before the refusal is heard.
      expect(wait).toBeLessThanOrEqual((fullMs[i] ?? 0) + 150);
    }
    bench.fake = await FakeSwitch.listen();
  });

  test('a SHUTDOWN event or the notice of it means that the node stopped', async () => {
    const { peer } = await bench.up();
    peer.event({ 'Event-Name': 'SHUTDOWN' });
    peer.socket.end();
    await eventually(() => bench.listener.heard.includes('down'));
    expect(bench.listener.heard).toEqual(['up', 'SHUTDOWN', 'down']);
    expect(bench.listener.downs).toEqual([{ kind: 'node-stopped' }]);
  });

  test('a stream that breaks a bound ends the connection with its reason', async () => {
    const { peer } = await bench.up({ codec: { maxBodyBytes: 1_000 } });
    peer.raw('Content-Type: api/response\nContent-Length: 1001\n\n');
    await eventually(() => bench.listener.downs.length > 0);
    expect(bench.listener.downs[0]).toMatchObject({
      cause: { reason: 'undecodable', error: { reason: 'body-too-long', limitBytes: 1_000, lengthBytes: 1_001 } },
    });
  });

  test('a reply nobody asked for ends the connection', async () => {
    const { peer } = await bench.up();
    peer.reply('+OK');
    await eventually(() => bench.listener.downs.length > 0);
    expect(bench.listener.downs[0]).toMatchObject({ cause: { reason: 'unexpected-reply' } });
  });
});

describe('watchdog', () => {
  test('W1: a quiet connection is probed, and lives on when the probe is answered', async () => {
    const { peer } = await bench.up();
    await bench.clock.advance(25_000);
    await eventually(() => peer.lines.at(-1) === 'api echo alive');
    await eventually(() => peer.lines.filter((line) => line === 'api echo alive').length >= 3, bench.clock, 500);
    expect(bench.listener.heard).toEqual(['up']);
  });

  test('W2: without any answer it is broken and made anew', async () => {
    bench.fake.answer = ({ line }) => line === 'api echo alive';
    await bench.up();
    await bench.clock.advance(25_000);
    await eventually(() => bench.peer(0).lines.includes('api echo alive'));
    await bench.clock.advance(4_999);
    expect(bench.listener.downs).toEqual([]);
    await bench.clock.advance(1);
    await eventually(() => bench.listener.downs.length > 0);
    expect(bench.listener.downs[0]).toEqual({ kind: 'connection-broke', cause: { reason: 'silent' } });
    await eventually(() => bench.listener.heard.filter((heard) => heard === 'up').length === 2, bench.clock);
  });

  test('a command without its reply for the overdue limit means a dead connection, in spite of other traffic', async () => {
    bench.fake.answer = ({ line }) => line === 'api hang';
    const { connection, peer } = await bench.up();
    const hung = connection.command(apiCommand('hang'), 1_000);
    await eventually(() => peer.lines.includes('api hang'));
    for (let i = 0; i < 40 && bench.listener.downs.length === 0; i++) {
      peer.event({ 'Event-Name': 'HEARTBEAT' });
      await eventually(() => bench.listener.events.length === i + 1);
      await bench.clock.advance(1_000);
    }
    expect(await hung).toEqual({ ok: false, reason: 'timeout', sent: true, limitMs: 1_000 });
    await eventually(() => bench.listener.downs.length > 0);
    expect(bench.listener.downs[0]).toMatchObject({ cause: { reason: 'reply-overdue' } });
  });
});

describe('listener', () => {
  test('C3: events wait for the listener one by one, and down waits for the last of them', async () => {
    const { peer } = await bench.up();
    const releases: (() => void)[] = [];
    bench.listener.onEvent = (event): Promise<void> => {
      bench.listener.heard.push(event.name);
      return new Promise((resolve) => releases.push(resolve));
    };
    peer.event({ 'Event-Name': 'A' });
    peer.event({ 'Event-Name': 'B' });
    peer.socket.end();
    await eventually(() => bench.listener.heard.length === 2);
    await bench.clock.advance(60_000);
    expect(bench.listener.heard).toEqual(['up', 'A']);
    releases[0]?.();
    await eventually(() => releases.length === 2);
    releases[1]?.();
    await eventually(() => bench.listener.heard.includes('down'));
    expect(bench.listener.heard).toEqual(['up', 'A', 'B', 'down']);
    expect(bench.fake.peers.length).toBe(1);
  });

  test('a listener that awaits a command is answered while it holds up the events', async () => {
    const { connection, peer } = await bench.up();
    let answer = '';
    bench.listener.onEvent = async (): Promise<void> => {
      const result = await connection.api('echo', 'within');
      answer = result.ok ? result.reply.text : result.reason;
    };
    peer.event({ 'Event-Name': 'A' });
    await eventually(() => answer !== '');
    expect(answer).toBe('within');
  });

  test('V3: a slow listener pauses the socket; every event still comes, and the watchdog rests meanwhile', async () => {
    const { peer } = await bench.up({ maxQueuedEvents: 10 });
    let open: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    const seen: string[] = [];
    bench.listener.onEvent = async (event): Promise<void> => {
      await gate;
      seen.push(event.get('N') ?? '');
    };
    const total = 5_000;
    for (let i = 0; i < total; i++) peer.event({ 'Event-Name': 'E', N: String(i), pad: 'x'.repeat(2_000) });
    // 10 MB do not fit the kernel's buffers: FreeSWITCH is held back.
    await bench.clock.advance(120_000);
    await eventually(() => peer.socket.writableLength > 0);
    expect(bench.listener.downs).toEqual([]);
    open();
    await eventually(() => seen.length === total);
    expect(seen).toEqual(Array.from({ length: total }, (_, i) => String(i)));
  });

  test('an event that cannot be read is told, and the connection goes on', async () => {
    const { peer } = await bench.up();
    peer.raw('Content-Type: text/event-json\nContent-Length: 4\n\n{"a"');
    peer.event({ 'Event-Name': 'A' });
    await eventually(() => bench.listener.heard.length === 3);
    expect(bench.listener.heard).toEqual(['up', 'unreadable text/event-json: bad-json', 'A']);
  });

  test('V4: a listener that throws is reported and hears the next event', async () => {
    const { peer } = await bench.up();
    bench.listener.onEvent = (event): void => {
      bench.listener.heard.push(event.name);
      if (event.name === 'A') throw new Error('broken');
    };
    peer.event({ 'Event-Name': 'A' });
    peer.event({ 'Event-Name': 'B' });
    await eventually(() => bench.listener.heard.includes('B'));
    expect(bench.listener.faults.splice(0)).toEqual([new Error('broken')]);
  });
});
