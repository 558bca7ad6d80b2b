import { cp, rm } from 'node:fs/promises';
import { blobsContract } from '@parkade/admin/blobs-contract';
import { type Bus, type BusMessage, type BusStatus, NatsObjects, openBus, type StreamSpec } from '@parkade/bus';
import { busContract } from '@parkade/bus/contract';
import { SystemClock, SystemRandom } from '@parkade/clock';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { connect } from 'nats';
import { startNats, type TestNats } from './support/nats.js';

const deps = { clock: new SystemClock(), random: new SystemRandom() };
const pass = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const payload = new TextEncoder().encode('x'.repeat(200));
const within = { timeout: 30_000, interval: 50 };

busContract('NATS', async () => {
  const server = await startNats();
  const buses: Bus[] = [];
  const another = (): Promise<Bus> => {
    const bus = openBus(server.url, deps);
    buses.push(bus);
    return Promise.resolve(bus);
  };
  return {
    bus: await another(),
    another,
    pass,
    nowMs: () => Date.now(),
    close: async () => {
      for (const bus of buses) await bus.close();
      await server.stop();
    },
  };
});

blobsContract('NATS', async () => {
  const server = await startNats();
  const [one, other] = [new NatsObjects(server.url, 'files', deps), new NatsObjects(server.url, 'files', deps)];
  return {
    one,
    other,
    close: async () => {
      await Promise.all([one.close(), other.close()]);
      await server.stop();
    },
  };
});

it('files in NATS are read again once their server is back, and refused meanwhile', async () => {
  const server = await startNats();
  const objects = new NatsObjects(server.url, 'files', deps);
  try {
    await objects.put('a', payload);
    await server.kill('SIGKILL');
    await expect(objects.get('a')).rejects.toMatchObject({ name: 'BusError' });
    await server.restart();
    await vi.waitFor(
      async () => expect(Buffer.from((await objects.get('a')) ?? [])).toEqual(Buffer.from(payload)),
      within,
    );
  } finally {
    await objects.close();
    await server.stop();
  }
});

const EVENTS: StreamSpec = {
  name: 'events',
  subjects: ['events.>'],
  kind: 'log',
  maxAgeMs: 3_600_000,
  maxBytes: 100_000_000,
  duplicateWindowMs: 120_000,
};
const LAMPS: StreamSpec = { ...EVENTS, name: 'lamps', subjects: ['lamps.>'], kind: 'last-value', maxAgeMs: 0 };

describe('bus on NATS, with a server that fails', () => {
  let server: TestNats;
  let bus: Bus;
  let statuses: BusStatus[];
  const opened: Bus[] = [];

  async function open(): Promise<Bus> {
    const fresh = openBus(server.url, deps);
    opened.push(fresh);
    await fresh.ensureStreams([EVENTS, LAMPS]);
    return fresh;
  }

  /** Repeats a publish with the same id until it is acknowledged. */
  async function insist(call: () => Promise<unknown>): Promise<void> {
    const endMs = Date.now() + 30_000;
    for (;;) {
      try {
        await call();
        return;
      } catch (error) {
        if (Date.now() > endMs) throw error;
        await pass(50);
      }
    }
  }

  async function readAll(pattern: string, on: Bus, count: number): Promise<BusMessage[]> {
    const seen: BusMessage[] = [];
    const reader = await on.subscribe(pattern, { replay: 'all' }, (message) => void seen.push(message));
    await vi.waitFor(() => expect(seen.length).toBeGreaterThanOrEqual(count), within);
    await reader.close();
    return seen;
  }

  const lost = (): string[] => statuses.flatMap((status) => status.streamsLost);
  const connected = (): boolean => statuses.at(-1)?.connected === true;

  beforeEach(async () => {
    server = await startNats();
    bus = await open();
    statuses = [];
    bus.onStatus((status) => void statuses.push(status));
    await vi.waitFor(() => expect(connected()).toBe(true), within);
  });
  afterEach(async () => {
    for (const each of opened.splice(0)) await each.close();
    await server.stop();
  });

  it('loses nothing acknowledged and stores no id twice when the server crashes in the middle of publishing (B1)', async () => {
    const total = 4_000;
    let acknowledged = 0;
    const publishing = Promise.all(
      Array.from({ length: 64 }, async (_, lane) => {
        for (let i = lane; i < total; i += 64) {
          await insist(() => bus.publish(`events.${lane}`, payload, { id: `id-${i}`, timeoutMs: 1_000 }));
          acknowledged += 1;
        }
      }),
    );
    await vi.waitFor(() => expect(acknowledged).toBeGreaterThan(500), within);
    await server.restart();
    await publishing;
    const ids = (await readAll('events.>', await open(), total)).map((message) => message.id);
    expect(new Set(ids).size).toBe(total);
    expect(ids).toHaveLength(total);
    expect(lost()).toEqual([]);
    expect(statuses.some((status) => !status.connected)).toBe(true);
  });

  it('rejects publishes at once while the server is away, and comes back by itself (B4)', async () => {
    await server.kill('SIGKILL');
    await vi.waitFor(() => expect(connected()).toBe(false), within);
    const beganMs = Date.now();
    const calls = Array.from({ length: 500 }, (_, i) => bus.publish('events.a', payload, { id: `${i}` }));
    for (const call of calls) await expect(call).rejects.toMatchObject({ code: 'unavailable' });
    await expect(bus.publishLast('lamps.a', payload, { version: 1 })).rejects.toMatchObject({ code: 'unavailable' });
    expect(Date.now() - beganMs).toBeLessThan(1_000);
    await server.restart();
    await vi.waitFor(() => expect(connected()).toBe(true), within);
    await bus.publish('events.a', payload, { id: 'after' });
    expect((await readAll('events.a', bus, 1)).map((message) => message.id)).toEqual(['after']);
  });

  it('rejects within the time limit, and notices by itself, when the server hangs (B4)', async () => {
    await server.kill('SIGSTOP');
    try {
      const beganMs = Date.now();
      const call = bus.publish('events.a', payload, { id: 'a', timeoutMs: 300 });
      await expect(call).rejects.toMatchObject({ code: 'timeout' });
      expect(Date.now() - beganMs).toBeLessThan(2_000);
      await vi.waitFor(() => expect(connected()).toBe(false), within);
    } finally {
      await server.kill('SIGCONT');
    }
    await vi.waitFor(() => expect(connected()).toBe(true), within);
    await bus.publish('events.a', payload, { id: 'a' });
    expect((await readAll('events.a', bus, 1)).map((message) => message.id)).toEqual(['a']);
  });

  it('opens while the server is away and makes its streams when it is there', async () => {
    await server.kill('SIGKILL');
    const early = openBus(server.url, deps);
    opened.push(early);
    const ensuring = early.ensureStreams([{ ...EVENTS, name: 'early', subjects: ['early'] }]);
    await server.restart();
    expect(await ensuring).toEqual(['early']);
    await early.publish('early', payload, { id: 'a' });
  });

  it('reports its streams lost and makes them again when the server was wiped', async () => {
    const other = await open();
    const otherStatuses: BusStatus[] = [];
    other.onStatus((status) => void otherStatuses.push(status));
    const seen: (number | undefined)[] = [];
    await bus.subscribe('lamps.*', { replay: 'last' }, (message) => void seen.push(message.version));
    expect(await bus.publishLast('lamps.a', payload, { version: 9 })).toBe(true);
    await bus.publish('events.a', payload, { id: 'a' });
    await server.restart({ wipe: true });
    await vi.waitFor(() => expect(lost()).toEqual(['events', 'lamps']), within);
    await vi.waitFor(
      () => expect(otherStatuses.flatMap((each) => each.streamsLost)).toEqual(['events', 'lamps']),
      within,
    );
    expect(await bus.last('lamps.a')).toBeUndefined();
    expect(await bus.publishLast('lamps.a', payload, { version: 3 })).toBe(true);
    await bus.publish('events.a', payload, { id: 'a' });
    await vi.waitFor(() => expect(seen).toEqual([9, 3]), within);
  });

  it('reports a stream that somebody deleted while connected, and reads on in the new one', async () => {
    const seen: (string | undefined)[] = [];
    await bus.subscribe('events.>', { replay: 'none' }, (message) => void seen.push(message.id));
    await bus.publish('events.a', payload, { id: 'before' });
    await vi.waitFor(() => expect(seen).toEqual(['before']), within);
    const admin = await connect({ servers: server.url });
    try {
      const manager = await admin.jetstreamManager();
      await manager.streams.delete('events');
    } finally {
      await admin.close();
    }
    await vi.waitFor(() => expect(lost()).toEqual(['events']), within);
    await bus.publish('events.a', payload, { id: 'after' });
    await vi.waitFor(() => expect(seen).toEqual(['before', 'after']), within);
  });

  it('reports streams that somebody deleted and made again while connected, and goes by what is in them now', async () => {
    const other = await open();
    const seen: (string | undefined)[] = [];
    await bus.subscribe('events.>', { replay: 'none' }, (message) => void seen.push(message.id));
    await bus.publish('events.a', payload, { id: 'before' });
    expect(await bus.publishLast('lamps.a', payload, { version: 9 })).toBe(true);
    const admin = await connect({ servers: server.url });
    try {
      const { streams } = await admin.jetstreamManager();
      for (const name of ['events', 'lamps']) {
        const { config } = await streams.info(name);
        await streams.delete(name);
        await streams.add(config);
      }
    } finally {
      await admin.close();
    }
    // The new streams hold more than the old ones, and the lamp stands at the same sequence as before.
    await other.publish('events.a', payload, { id: 'new-1' });
    await other.publish('events.a', payload, { id: 'new-2' });
    expect(await other.publishLast('lamps.a', payload, { version: 20 })).toBe(true);
    await vi.waitFor(() => expect(lost()).toEqual(['events', 'lamps']), within);
    expect(await bus.publishLast('lamps.a', payload, { version: 12 })).toBe(false);
    expect(await bus.last('lamps.a')).toMatchObject({ version: 20 });
    await vi.waitFor(() => expect(seen).toEqual(['before', 'new-1', 'new-2']), within);
  });

  it('reports a stream that somebody wiped and made again while this bus was away', async () => {
    await bus.publish('events.a', payload, { id: 'before' });
    const seen: (string | undefined)[] = [];
    await bus.subscribe('events.>', { replay: 'none' }, (message) => void seen.push(message.id));
    await server.kill('SIGKILL');
    await vi.waitFor(() => expect(connected()).toBe(false), within);
    const maker = openBus(server.url, deps);
    opened.push(maker);
    const making = maker.ensureStreams([EVENTS, LAMPS]);
    await server.restart({ wipe: true });
    await making;
    await insist(() => maker.publish('events.a', payload, { id: 'new-1' }));
    await insist(() => maker.publish('events.a', payload, { id: 'new-2' }));
    await vi.waitFor(() => expect(lost()).toEqual(['events', 'lamps']), within);
    await vi.waitFor(() => expect(seen).toEqual(['new-1', 'new-2']), within);
  });

  it('ends at the highest version when two publishers race through a crash, with versions only rising (B2)', async () => {
    const other = await open();
    const subjects = ['lamps.a', 'lamps.b', 'lamps.c'];
    const rising = new Map<string, number[]>();
    await bus.subscribe('lamps.*', { replay: 'all' }, ({ subject, version }) => {
      rising.set(subject, [...(rising.get(subject) ?? []), version ?? -1]);
    });
    const versions = Array.from({ length: 300 }, (_, i) => ((i * 67) % 301) + 1);
    let done = 0;
    const light = async (on: Bus, mine: number[]): Promise<void> => {
      for (const version of mine) {
        await Promise.all(
          subjects.map((subject) => insist(() => on.publishLast(subject, payload, { version, timeoutMs: 1_000 }))),
        );
        done += subjects.length;
      }
    };
    const odd = versions.filter((_, i) => i % 2 === 1);
    const even = versions.filter((_, i) => i % 2 === 0);
    // Four lanes on two buses: the same subjects are raced for within a bus as well as between them.
    const lanes = [
      light(bus, even),
      light(other, odd),
      light(bus, [...odd].reverse()),
      light(other, [...even].reverse()),
    ];
    await vi.waitFor(() => expect(done).toBeGreaterThan(100), { timeout: 30_000, interval: 1 });
    expect(done).toBeLessThan(4 * versions.length);
    await server.restart();
    await Promise.all(lanes);
    for (const subject of subjects) {
      await insist(async () => expect((await other.last(subject))?.version).toBe(Math.max(...versions)));
      await vi.waitFor(() => expect(rising.get(subject)?.at(-1)).toBe(Math.max(...versions)), within);
      const order = rising.get(subject) ?? [];
      expect(order).toEqual([...new Set(order)].sort((a, b) => a - b));
    }
  });

  it('delivers to a subscriber that was cut off everything it missed, once and in order (B3)', async () => {
    const total = 1_500;
    const seen = new Map<string, (string | undefined)[]>();
    for (const replay of ['all', 'last', 'none'] as const) {
      const ids: (string | undefined)[] = [];
      seen.set(replay, ids);
      await bus.subscribe('events.one', { replay }, (message) => void ids.push(message.id));
    }
    const publisher = await open();
    const sent = Array.from({ length: total }, (_, i) => `id-${i}`);
    for (const [i, id] of sent.entries()) {
      if (i === 300 || i === 900) {
        await server.kill('SIGKILL');
        await vi.waitFor(() => expect(connected()).toBe(false), within);
        await server.restart();
      }
      await insist(() => publisher.publish('events.one', payload, { id, timeoutMs: 1_000 }));
    }
    for (const ids of seen.values()) {
      await vi.waitFor(() => expect(ids).toHaveLength(total), within);
      expect(ids).toEqual(sent);
    }
  });

  it('reports streams that went back to an older state, and reads on in them', async () => {
    const seen: (string | undefined)[] = [];
    await bus.subscribe('events.>', { replay: 'all' }, (message) => void seen.push(message.id));
    await bus.publish('events.a', payload, { id: 'kept' });
    await server.kill('SIGTERM');
    const backup = `${server.directory}-backup`;
    try {
      await cp(server.directory, backup, { recursive: true });
      await server.restart();
      await insist(() => bus.publish('events.a', payload, { id: 'forgotten' }));
      await vi.waitFor(() => expect(seen).toEqual(['kept', 'forgotten']), within);
      await server.kill('SIGKILL');
      await rm(server.directory, { recursive: true });
      await cp(backup, server.directory, { recursive: true });
    } finally {
      await rm(backup, { recursive: true, force: true });
    }
    await server.restart();
    await vi.waitFor(() => expect(lost()).toEqual(['events']), within);
    await bus.publish('events.a', payload, { id: 'new' });
    await vi.waitFor(() => expect(seen).toEqual(['kept', 'forgotten', 'new']), within);
  });
});
