import { ManualClock, SeededRandom } from '@parkade/clock';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BusError } from '../bus.js';
import { Deadline } from './deadline.js';
import { type LastValueServer, LastValues, MOST_ATTEMPTS, type Place } from './last-values.js';

const none = new Uint8Array(0);

/** A server that keeps places as JetStream does, answers after a while and in any order, and fails on request. */
class FlakyServer implements LastValueServer {
  readonly last = new Map<string, Place>();
  /** Versions of each subject in the order they were stored. */
  readonly stored = new Map<string, number[]>();
  readonly writing: string[] = [];
  #sequence = 0;
  #stale: Map<string, Place> = new Map();

  constructor(
    private readonly clock: ManualClock,
    private readonly random: SeededRandom,
    /** How often an exchange fails, before or after it took effect. */
    private readonly failRate: number,
  ) {}

  async read(subject: string): Promise<Place | undefined> {
    await this.#travel();
    // A replica may be behind.
    const place = this.random.next() < 0.2 ? this.#stale.get(subject) : this.last.get(subject);
    await this.#travel();
    return place;
  }

  async write(subject: string, _payload: Uint8Array, version: number, expected: number): Promise<number | 'moved'> {
    this.writing.push(subject);
    await this.#travel();
    if ((this.last.get(subject)?.sequence ?? 0) !== expected) {
      await this.#travel();
      return 'moved';
    }
    if (this.random.next() < 0.5) this.#stale = new Map(this.last);
    this.#sequence += 1;
    const sequence = this.#sequence;
    this.last.set(subject, { sequence, version });
    this.stored.set(subject, [...(this.stored.get(subject) ?? []), version]);
    await this.#travel();
    return sequence;
  }

  async #travel(): Promise<void> {
    await new Promise<void>((resolve) => this.clock.setTimer(this.random.next() * 10, resolve));
    if (this.random.next() < this.failRate) throw new BusError('unavailable', 'lost on the way');
  }
}

const call = fc.record({ lamp: fc.constantFrom('a', 'b', 'c'), version: fc.nat(20), by: fc.nat(2), atMs: fc.nat(100) });

describe('last values', () => {
  const publishAll = async (
    seed: number,
    failRate: number,
    calls: readonly { lamp: string; version: number; by: number; atMs: number }[],
    capacity: number,
  ) => {
    const clock = new ManualClock();
    const server = new FlakyServer(clock, new SeededRandom(seed), failRate);
    const publishers = [0, 1, 2].map(() => new LastValues(server, capacity));
    const results = calls.map(async ({ lamp, version, by, atMs }) => {
      await new Promise<void>((resolve) => clock.setTimer(atMs, resolve));
      const deadline = new Deadline(clock, 5_000);
      try {
        return await publishers[by]?.publish(lamp, none, version, deadline);
      } catch (error) {
        expect(error).toBeInstanceOf(BusError);
        return 'failed';
      }
    });
    // Enough for every exchange of every call, one after another.
    await clock.advance(20_000);
    return { server, outcomes: await Promise.all(results), pending: clock.pendingTimers };
  };

  it('only ever rise, whoever publishes and whatever fails, and end at least at the highest acknowledged (B2, V1)', async () => {
    const calls = fc.array(call, { minLength: 1, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(fc.integer(), fc.constantFrom(0, 0.1, 0.4), calls, fc.constantFrom(1, 100), async (...args) => {
        const [seed, failRate, all, capacity] = args;
        const { server, outcomes } = await publishAll(seed, failRate, all, capacity);
        for (const [lamp, versions] of server.stored) {
          expect(versions, lamp).toEqual([...new Set(versions)].sort((a, b) => a - b));
        }
        for (const [i, { lamp, version }] of all.entries()) {
          // Stored, or refused because the same or a higher one stood there: either way at least this version stands.
          if (outcomes[i] !== 'failed') expect(server.last.get(lamp)?.version).toBeGreaterThanOrEqual(version);
          if (outcomes[i] === true) expect(server.stored.get(lamp)).toContain(version);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('end at the highest version, stored once, when nothing fails', async () => {
    const calls = fc.array(call, { minLength: 1, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(fc.integer(), calls, async (seed, all) => {
        const { server, outcomes, pending } = await publishAll(seed, 0, all, 100);
        expect(pending).toBe(0);
        for (const lamp of new Set(all.map((each) => each.lamp))) {
          const versions = all.filter((each) => each.lamp === lamp).map((each) => each.version);
          expect(server.last.get(lamp)?.version).toBe(Math.max(...versions));
        }
        expect(outcomes).not.toContain('failed');
        expect(outcomes.filter((outcome) => outcome === true)).toHaveLength([...server.stored.values()].flat().length);
      }),
      { numRuns: 40 },
    );
  });

  it('of different subjects are written at the same time, of one subject in turn (V3)', async () => {
    const clock = new ManualClock();
    const server = new FlakyServer(clock, new SeededRandom(1), 0);
    const values = new LastValues(server);
    const deadline = new Deadline(clock, 5_000);
    const subjects = Array.from({ length: 50 }, (_, i) => `s${i}`);
    const first = subjects.map((subject) => values.publish(subject, none, 1, deadline));
    await clock.advance(100);
    expect(await Promise.all(first)).toEqual(subjects.map(() => true));
    server.writing.length = 0;
    const second = [2, 3].flatMap((version) =>
      subjects.map((subject) => values.publish(subject, none, version, deadline)),
    );
    await clock.advance(0);
    expect(server.writing).toEqual(subjects);
    await clock.advance(100);
    expect(await Promise.all(second)).toEqual([...subjects, ...subjects].map(() => true));
  });

  it('take one exchange where nothing is or the place is known, and do not refuse on memory alone (V2)', async () => {
    const clock = new ManualClock();
    let reads = 0;
    let standing: Place | undefined;
    const values = new LastValues({
      read: () => {
        reads += 1;
        return Promise.resolve(standing);
      },
      write: (_subject, _payload, version, expected) => {
        if (expected !== (standing?.sequence ?? 0)) return Promise.resolve('moved' as const);
        standing = { sequence: expected + 1, version };
        return Promise.resolve(expected + 1);
      },
    });
    const publish = (version: number): Promise<boolean> =>
      values.publish('a', none, version, new Deadline(clock, 1_000));
    expect([await publish(1), await publish(2), reads]).toEqual([true, true, 0]);
    // The message expired on the server: version 2 is not there any more.
    standing = undefined;
    expect([await publish(2), reads]).toEqual([true, 1]);
    values.forgetAll();
    expect([await publish(2), reads]).toEqual([false, 2]);
  });

  it('give up after a bounded number of lost races, and when the time is over', async () => {
    const clock = new ManualClock();
    let writes = 0;
    const write = (): Promise<'moved'> => {
      writes += 1;
      return Promise.resolve('moved');
    };
    const values = new LastValues({ read: () => Promise.resolve(undefined), write });
    await expect(values.publish('a', none, 1, new Deadline(clock, 1_000))).rejects.toMatchObject({
      code: 'unavailable',
    });
    expect(writes).toBe(MOST_ATTEMPTS);
    const late = new Deadline(clock, 1_000);
    await clock.advance(1_000);
    await expect(values.publish('a', none, 1, late)).rejects.toMatchObject({ code: 'timeout' });
  });
});
