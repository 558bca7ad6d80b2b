import { ManualClock } from '@parkade/clock';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import type { BusMessage, BusStatus, StreamSpec } from './bus.js';
import { busContract } from './contract.testing.js';
import { EmbeddedBroker, EmbeddedBus } from './embedded.js';

busContract('embedded', () => {
  const clock = new ManualClock();
  const bus = new EmbeddedBus({ clock });
  return Promise.resolve({
    bus,
    another: () => Promise.resolve(new EmbeddedBus({ clock }, bus.broker)),
    pass: (ms: number) => clock.advance(ms),
    nowMs: () => clock.nowMs(),
    close: () => bus.close(),
  });
});

const LAMPS: StreamSpec = {
  name: 'lamps',
  subjects: ['lamps.*'],
  kind: 'last-value',
  maxAgeMs: 0,
  maxBytes: 1_000_000,
  duplicateWindowMs: 0,
};
const EVENTS: StreamSpec = { ...LAMPS, name: 'events', subjects: ['events'], kind: 'log', duplicateWindowMs: 60_000 };
const none = new Uint8Array(0);

describe('embedded bus', () => {
  let clock: ManualClock;
  let broker: EmbeddedBroker;
  let bus: EmbeddedBus;
  let statuses: BusStatus[];

  beforeEach(async () => {
    clock = new ManualClock();
    broker = new EmbeddedBroker(clock);
    bus = new EmbeddedBus({ clock }, broker);
    statuses = [];
    bus.onStatus((status) => void statuses.push(status));
    await bus.ensureStreams([LAMPS, EVENTS]);
  });

  it('rejects as unavailable while it is away, and resumes by itself without loss (B4)', async () => {
    const seen: (string | undefined)[] = [];
    await bus.subscribe('events', { replay: 'none' }, (message) => void seen.push(message.id));
    const published = bus.publish('events', none, { id: 'one' });
    broker.setReachable(false);
    await published;
    await clock.advance(1);
    expect(seen).toEqual([]);
    await expect(bus.publish('events', none, { id: 'two' })).rejects.toMatchObject({ code: 'unavailable' });
    broker.setReachable(true);
    await bus.publish('events', none, { id: 'two' });
    await clock.advance(1);
    expect(seen).toEqual(['one', 'two']);
    expect(statuses).toEqual([
      { connected: true, streamsLost: [] },
      { connected: false, streamsLost: [] },
      { connected: true, streamsLost: [] },
    ]);
  });

  it('reports lost streams, takes any version again and starts its readers over', async () => {
    const seen: BusMessage[] = [];
    await bus.subscribe('lamps.*', { replay: 'last' }, (message) => void seen.push(message));
    await bus.publishLast('lamps.a', none, { version: 9 });
    await clock.advance(1);
    broker.setReachable(false);
    broker.wipe();
    broker.setReachable(true);
    expect(await bus.publishLast('lamps.a', none, { version: 3 })).toBe(true);
    await clock.advance(1);
    expect(statuses.at(-1)).toEqual({ connected: true, streamsLost: ['lamps', 'events'] });
    expect(seen.map((message) => message.version)).toEqual([9, 3]);
  });

  it('never delivers within the call that published (M1)', async () => {
    const seen: BusMessage[] = [];
    await bus.subscribe('events', { replay: 'all' }, (message) => void seen.push(message));
    const publishing = bus.publish('events', none, { id: 'one' });
    expect(seen).toEqual([]);
    await publishing;
    await clock.advance(1);
    expect(seen).toHaveLength(1);
  });

  it('hands what a subscriber throws to onHandlerError and goes on', async () => {
    const errors: unknown[] = [];
    const fragile = new EmbeddedBus({ clock, onHandlerError: (error) => void errors.push(error) }, broker);
    const bug = new Error('bug');
    let calls = 0;
    await fragile.subscribe('events', { replay: 'none' }, () => {
      calls += 1;
      throw bug;
    });
    await bus.publish('events', none, { id: 'one' });
    await bus.publish('events', none, { id: 'two' });
    await clock.advance(1);
    expect([calls, errors]).toEqual([2, [bug, bug]]);
  });

  it('stays within maxBytes and keeps the newest, whatever is published (S2)', async () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 3_000 }), { minLength: 1, maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(sizes, async (lengths) => {
        const own = new EmbeddedBus({ clock });
        await own.ensureStreams([{ ...EVENTS, maxBytes: 5_000 }]);
        for (const [i, length] of lengths.entries()) {
          await own.publish('events', new Uint8Array(length), { id: `${i}` });
        }
        const kept: number[] = [];
        await own.subscribe('events', { replay: 'all' }, (message) => void kept.push(message.sequence));
        await clock.advance(1);
        expect(own.broker.stream('events').bytes).toBeLessThanOrEqual(5_000);
        expect(kept).toEqual(kept.map((_, i) => lengths.length - kept.length + 1 + i));
        expect(kept.length).toBeGreaterThan(0);
        await own.close();
      }),
    );
  });

  it('ends at the highest version that was taken, with versions only rising to a reader (B2, S3)', async () => {
    const publishes = fc.array(fc.record({ version: fc.nat(50), lamp: fc.constantFrom('a', 'b'), by: fc.nat(2) }), {
      maxLength: 80,
    });
    await fc.assert(
      fc.asyncProperty(publishes, async (calls) => {
        const shared = new EmbeddedBroker(clock);
        const buses = [0, 1, 2].map(() => new EmbeddedBus({ clock }, shared));
        for (const own of buses) await own.ensureStreams([LAMPS]);
        const seen = new Map<string, number[]>();
        await buses[0]?.subscribe('lamps.*', { replay: 'last' }, ({ subject, version }) => {
          seen.set(subject, [...(seen.get(subject) ?? []), version ?? -1]);
        });
        for (const { version, lamp, by } of calls) await buses[by]?.publishLast(`lamps.${lamp}`, none, { version });
        await clock.advance(1);
        for (const lamp of ['a', 'b']) {
          const versions = calls.filter((call) => call.lamp === lamp).map((call) => call.version);
          const highest = versions.length === 0 ? undefined : Math.max(...versions);
          expect((await buses[1]?.last(`lamps.${lamp}`))?.version).toBe(highest);
          const order = seen.get(`lamps.${lamp}`) ?? [];
          expect(order).toEqual([...new Set(order)].sort((x, y) => x - y));
          expect(order.at(-1)).toBe(highest);
        }
      }),
      { numRuns: 50 },
    );
  });
});
