import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Bus, BusError, type BusMessage, type StreamSpec } from './bus.js';

/** A bus under test, on a server (or broker) that holds nothing yet. */
export interface BusUnderTest {
  readonly bus: Bus;
  /** Another, independent bus on the same server. */
  another(): Promise<Bus>;
  /** Lets `ms` milliseconds pass. */
  pass(ms: number): Promise<void>;
  /** The wall time, in ms, by which messages are stored. */
  nowMs(): number;
  close(): Promise<void>;
}

const LOG: StreamSpec = {
  name: 'contract-events',
  subjects: ['contract.events.>'],
  kind: 'log',
  maxAgeMs: 60_000,
  maxBytes: 1_000_000,
  duplicateWindowMs: 30_000,
};
const LAMPS: StreamSpec = {
  name: 'contract-lamps',
  subjects: ['contract.lamps.*', 'contract.more.*.lamps'],
  kind: 'last-value',
  maxAgeMs: 0,
  maxBytes: 1_000_000,
  duplicateWindowMs: 0,
};

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (message: BusMessage): string => new TextDecoder().decode(message.payload);

/** What every adapter of the bus port must do. `open` is called once a test and gets a server of its own. */
export function busContract(name: string, open: () => Promise<BusUnderTest>): void {
  describe(`bus contract: ${name}`, () => {
    let t: BusUnderTest;
    let bus: Bus;

    beforeEach(async () => {
      t = await open();
      bus = t.bus;
      await bus.ensureStreams([LOG, LAMPS]);
    });
    afterEach(async () => {
      await t.close();
    });

    /** Subscribes and gathers; `until(n)` resolves with what came once there are `n` messages. */
    async function collect(pattern: string, replay: 'all' | 'last' | 'none', on: Bus = bus) {
      const seen: BusMessage[] = [];
      const subscription = await on.subscribe(pattern, { replay }, (message) => void seen.push(message));
      const until = async (count: number): Promise<string[]> => {
        for (let i = 0; i < 500 && seen.length < count; i++) await t.pass(10);
        return seen.map(text);
      };
      return { seen, until, close: () => subscription.close() };
    }

    const refused = async (call: Promise<unknown>): Promise<string> => {
      const error: unknown = await call.then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error).toBeInstanceOf(BusError);
      return error instanceof BusError ? error.code : '';
    };

    const publish = (subject: string, value: string, id = value): Promise<void> =>
      bus.publish(subject, bytes(value), { id });

    describe('streams', () => {
      it('are made once: the first call names them, a second one names none', async () => {
        expect(await bus.ensureStreams([LOG, LAMPS])).toEqual([]);
        const other = await t.another();
        const fresh: StreamSpec = { ...LOG, name: 'contract-fresh', subjects: ['contract.fresh'] };
        expect(await other.ensureStreams([LOG, fresh])).toEqual(['contract-fresh']);
        expect(await bus.ensureStreams([fresh])).toEqual([]);
      });

      it('keep what they hold when they are ensured again', async () => {
        await publish('contract.events.a', 'one');
        await bus.ensureStreams([LOG]);
        const reader = await collect('contract.events.>', 'all');
        expect(await reader.until(1)).toEqual(['one']);
      });

      it('take on a subject that a newer spec adds', async () => {
        const wider = { ...LOG, subjects: [...LOG.subjects, 'contract.added'] };
        const other = await t.another();
        expect(await other.ensureStreams([wider])).toEqual([]);
        await other.publish('contract.added', bytes('new'), { id: 'new' });
        const reader = await collect('contract.added', 'all', other);
        expect(await reader.until(1)).toEqual(['new']);
      });

      it('are refused when their subjects overlap or their bounds are none', async () => {
        const clash = { ...LOG, name: 'contract-clash', subjects: ['contract.events.x'] };
        expect(await refused(bus.ensureStreams([clash]))).toBe('invalid');
        expect(await refused(bus.ensureStreams([{ ...LOG, maxBytes: 0 }]))).toBe('invalid');
        expect(await refused(bus.ensureStreams([{ ...LOG, kind: 'last-value' }]))).toBe('invalid');
        expect(await refused(bus.ensureStreams([{ ...LOG, duplicateWindowMs: 10 }]))).toBe('invalid');
      });

      it('discard the oldest beyond maxBytes', async () => {
        const small = { ...LOG, name: 'contract-small', subjects: ['contract.small'], maxBytes: 20_000 };
        await bus.ensureStreams([small]);
        for (let i = 0; i < 20; i++) await bus.publish('contract.small', new Uint8Array(2_000), { id: `m${i}` });
        const reader = await collect('contract.small', 'all');
        await reader.until(5);
        await t.pass(100);
        expect(reader.seen.length).toBeGreaterThanOrEqual(5);
        expect(reader.seen.length).toBeLessThan(11);
        expect(reader.seen.at(-1)?.sequence).toBe(20);
      });

      it('forget what is older than maxAgeMs', async () => {
        const brief = { ...LOG, name: 'contract-brief', subjects: ['contract.brief'], maxAgeMs: 300 };
        await bus.ensureStreams([{ ...brief, duplicateWindowMs: 300 }]);
        await publish('contract.brief', 'old');
        await t.pass(1_500);
        await publish('contract.brief', 'new');
        const reader = await collect('contract.brief', 'all');
        expect(await reader.until(1)).toEqual(['new']);
      });
    });

    describe('publish', () => {
      it('stores a repeated id once (B1)', async () => {
        await publish('contract.events.a', 'one');
        await publish('contract.events.a', 'one');
        const other = await t.another();
        await other.ensureStreams([LOG]);
        await other.publish('contract.events.b', bytes('one again'), { id: 'one' });
        await publish('contract.events.a', 'two');
        const reader = await collect('contract.events.>', 'all');
        await reader.until(2);
        await t.pass(50);
        expect(reader.seen.map((message) => message.id)).toEqual(['one', 'two']);
      });

      it('stores an id again once the duplicate window has passed', async () => {
        const brief = { ...LOG, name: 'contract-window', subjects: ['contract.window'], duplicateWindowMs: 100 };
        await bus.ensureStreams([brief]);
        await publish('contract.window', 'one');
        // A server looks at its window about once in its length.
        await t.pass(1_000);
        await publish('contract.window', 'one');
        const reader = await collect('contract.window', 'all');
        expect(await reader.until(2)).toEqual(['one', 'one']);
      });

      it('carries subject, payload and id unchanged, also an empty payload', async () => {
        const payload = Uint8Array.from({ length: 256 }, (_, i) => i);
        await bus.publish('contract.events.a.b', payload, { id: 'b:1/2=3' });
        await bus.publish('contract.events.a', new Uint8Array(0), { id: 'empty' });
        const reader = await collect('contract.events.>', 'all');
        await reader.until(2);
        expect(reader.seen[0]).toMatchObject({ subject: 'contract.events.a.b', id: 'b:1/2=3' });
        expect([...(reader.seen[0]?.payload ?? [])]).toEqual([...payload]);
        expect(reader.seen[1]?.payload.byteLength).toBe(0);
        expect(reader.seen[0]?.version).toBeUndefined();
      });

      it('does not see what the caller writes to the payload afterwards', async () => {
        const payload = bytes('before');
        await bus.publish('contract.events.a', payload, { id: 'a' });
        payload.fill(0);
        const reader = await collect('contract.events.a', 'all');
        expect(await reader.until(1)).toEqual(['before']);
      });

      it('refuses what no stream takes, what is malformed and what is too large as invalid', async () => {
        expect(await refused(publish('elsewhere', 'x'))).toBe('invalid');
        expect(await refused(publish('contract.lamps.a', 'x'))).toBe('invalid');
        expect(await refused(publish('contract.events.*', 'x'))).toBe('invalid');
        expect(await refused(publish('contract.events..a', 'x'))).toBe('invalid');
        expect(await refused(publish('contract.events.a b', 'x'))).toBe('invalid');
        expect(await refused(publish('contract.events.a', 'x', ''))).toBe('invalid');
        expect(await refused(publish('contract.events.a', 'x', 'two\r\nlines'))).toBe('invalid');
        expect(await refused(bus.publish('contract.events.a', new Uint8Array(2_000_000), { id: 'big' }))).toBe(
          'invalid',
        );
      });
    });

    describe('publishLast', () => {
      const light = (version: number, on: Bus = bus): Promise<boolean> =>
        on.publishLast('contract.lamps.a', bytes(`v${version}`), { version });
      const standing = async (): Promise<number | undefined> => (await bus.last('contract.lamps.a'))?.version;

      it('replaces a lower version, never the same or a higher one (B2)', async () => {
        expect(await light(5)).toBe(true);
        expect(await light(5)).toBe(false);
        expect(await light(4)).toBe(false);
        expect(await standing()).toBe(5);
        expect(await light(9)).toBe(true);
        expect(await bus.last('contract.lamps.a')).toMatchObject({ version: 9, subject: 'contract.lamps.a' });
      });

      it('takes version 0 as the first one', async () => {
        expect(await light(0)).toBe(true);
        expect(await light(0)).toBe(false);
        expect(await standing()).toBe(0);
      });

      it('never goes back when another publisher was ahead (B2)', async () => {
        const other = await t.another();
        await other.ensureStreams([LAMPS]);
        expect(await light(1)).toBe(true);
        expect(await light(7, other)).toBe(true);
        expect(await light(3)).toBe(false);
        expect(await light(8)).toBe(true);
        expect(await light(8, other)).toBe(false);
        expect(await standing()).toBe(8);
      });

      it('ends at the highest version when two publishers race', async () => {
        const other = await t.another();
        await other.ensureStreams([LAMPS]);
        const versions = Array.from({ length: 30 }, (_, i) => ((i * 17) % 31) + 1);
        await Promise.all(versions.map((version, i) => light(version, i % 2 === 0 ? bus : other)));
        expect(await standing()).toBe(Math.max(...versions));
      });

      it('keeps one message a subject, and subjects apart', async () => {
        for (const version of [1, 2, 3]) {
          await light(version);
          await bus.publishLast('contract.more.x.lamps', bytes(`x${version}`), { version });
        }
        const reader = await collect('contract.lamps.*', 'all');
        expect(await reader.until(1)).toEqual(['v3']);
        const more = await collect('contract.more.*.lamps', 'all');
        expect(await more.until(1)).toEqual(['x3']);
        await t.pass(50);
        expect(reader.seen.length + more.seen.length).toBe(2);
        expect(reader.seen[0]).toMatchObject({ version: 3 });
        expect(reader.seen[0]?.id).toBeUndefined();
      });

      it('refuses a subject of a log stream and a version that is no count', async () => {
        expect(await refused(bus.publishLast('contract.events.a', bytes('x'), { version: 1 }))).toBe('invalid');
        expect(await refused(light(1.5))).toBe('invalid');
        expect(await refused(light(-1))).toBe('invalid');
        expect(await refused(bus.last('contract.events.a'))).toBe('invalid');
      });

      it('says that a subject without a message has none', async () => {
        expect(await bus.last('contract.lamps.nothing')).toBeUndefined();
      });
    });

    describe('subscribe', () => {
      it("replays what is kept in the stream's order, then what comes (B3)", async () => {
        await publish('contract.events.a', 'one');
        await publish('contract.events.b', 'two');
        const reader = await collect('contract.events.>', 'all');
        await publish('contract.events.a', 'three');
        expect(await reader.until(3)).toEqual(['one', 'two', 'three']);
        expect(reader.seen.map((message) => message.sequence)).toEqual([1, 2, 3]);
      });

      it('loses nothing between replay and live while others publish', async () => {
        const sent = Array.from({ length: 300 }, (_, i) => `m${String(i).padStart(3, '0')}`);
        const publishing = (async () => {
          for (const value of sent) await publish('contract.events.a', value);
        })();
        const readers = [await collect('contract.events.>', 'all')];
        readers.push(await collect('contract.events.a', 'all'));
        await publishing;
        for (const reader of readers) expect(await reader.until(sent.length)).toEqual(sent);
      });

      it('replays the last message of each subject, then every new one', async () => {
        for (const value of ['a1', 'b1', 'a2', 'b2']) await publish(`contract.events.${value.charAt(0)}`, value);
        const reader = await collect('contract.events.*', 'last');
        expect(await reader.until(2)).toEqual(['a2', 'b2']);
        await publish('contract.events.a', 'a3');
        await publish('contract.events.a', 'a4');
        expect(await reader.until(4)).toEqual(['a2', 'b2', 'a3', 'a4']);
      });

      it.each([
        ['all', ['a1', 'b1', 'a2', 'replayed', 'new']],
        ['last', ['b1', 'a2', 'replayed', 'new']],
        ['none', ['replayed', 'new']],
      ] as const)('says once that all that was kept has been delivered (replay %s)', async (replay, wanted) => {
        for (const value of ['a1', 'b1', 'a2']) await publish(`contract.events.${value.charAt(0)}`, value);
        const heard: string[] = [];
        const until = async (what: string): Promise<void> => {
          for (let i = 0; i < 500 && !heard.includes(what); i++) await t.pass(10);
        };
        const options = { replay, onReplayed: () => void heard.push('replayed') };
        await bus.subscribe('contract.events.*', options, (message) => void heard.push(text(message)));
        await until('replayed');
        await publish('contract.events.a', 'new');
        await until('new');
        expect(heard).toEqual(wanted);
      });

      it('delivers only what is new without replay', async () => {
        await publish('contract.events.a', 'before');
        const reader = await collect('contract.events.>', 'none');
        await publish('contract.events.a', 'after');
        expect(await reader.until(1)).toEqual(['after']);
      });

      it('delivers only what the pattern stands for', async () => {
        const one = await collect('contract.events.*', 'none');
        const middle = await collect('contract.events.*.end', 'none');
        const exact = await collect('contract.events.a', 'none');
        const rest = await collect('contract.events.>', 'none');
        for (const subject of ['a', 'b', 'a.end', 'a.b.end', 'b.end.c']) {
          await publish(`contract.events.${subject}`, subject);
        }
        expect(await rest.until(5)).toEqual(['a', 'b', 'a.end', 'a.b.end', 'b.end.c']);
        expect(await one.until(2)).toEqual(['a', 'b']);
        expect(await middle.until(1)).toEqual(['a.end']);
        expect(await exact.until(1)).toEqual(['a']);
      });

      it('reaches every subscriber of every bus', async () => {
        const other = await t.another();
        await other.ensureStreams([LOG]);
        const readers = [await collect('contract.events.>', 'none'), await collect('contract.events.>', 'none', other)];
        await publish('contract.events.a', 'one');
        for (const reader of readers) expect(await reader.until(1)).toEqual(['one']);
      });

      it('delivers nothing after its close', async () => {
        const closed = await collect('contract.events.>', 'none');
        const open = await collect('contract.events.>', 'none');
        await publish('contract.events.a', 'one');
        await closed.until(1);
        await closed.close();
        await publish('contract.events.a', 'two');
        expect(await open.until(2)).toEqual(['one', 'two']);
        expect(closed.seen.map(text)).toEqual(['one']);
      });

      it('refuses a pattern that lies within no one stream as invalid', async () => {
        for (const pattern of [
          'elsewhere',
          '>',
          'contract.>',
          'contract.events.>.a',
          'contract..a',
          'contract.events.a*',
        ]) {
          expect(await refused(bus.subscribe(pattern, { replay: 'none' }, () => undefined))).toBe('invalid');
        }
      });
    });

    describe('read', () => {
      const beginning = { sinceMs: 0 };
      const texts = (messages: readonly BusMessage[]): string[] => messages.map(text);

      it("gives what is kept of a pattern in the stream's order, at the reader's pace", async () => {
        for (const value of ['a1', 'b1', 'a2', 'a3']) await publish(`contract.events.${value.charAt(0)}`, value);
        const reading = bus.read('contract.events.a', beginning);
        expect(texts(await reading.next(2, 0))).toEqual(['a1', 'a2']);
        expect(texts(await reading.next(2, 0))).toEqual(['a3']);
        expect(await reading.next(2, 0)).toEqual([]);
        await publish('contract.events.b', 'b2');
        await publish('contract.events.a', 'a4');
        const [last] = await reading.next(2, 0);
        expect(last).toMatchObject({ subject: 'contract.events.a', id: 'a4', sequence: 6 });
        reading.close();
      });

      it('waits for the first message where there is none, and no longer than it was told', async () => {
        const reading = bus.read('contract.events.>', beginning);
        const nothing = reading.next(10, 50);
        await t.pass(60);
        expect(await nothing).toEqual([]);
        const waiting = reading.next(10, 20_000);
        await t.pass(20);
        await publish('contract.events.a', 'come');
        await t.pass(20);
        expect(texts(await waiting)).toEqual(['come']);
        reading.close();
      });

      it('goes on after a position that another reading told, of this bus or another', async () => {
        for (const value of ['one', 'two', 'three']) await publish('contract.events.a', value);
        const first = bus.read('contract.events.>', beginning);
        const [, second] = await first.next(2, 0);
        first.close();
        const other = await t.another();
        await other.ensureStreams([LOG]);
        const later = other.read('contract.events.a', { position: second?.position ?? '' });
        expect(texts(await later.next(10, 0))).toEqual(['three']);
        later.close();
      });

      it('begins at the beginning where the position is of a stream that is no more', async () => {
        await publish('contract.events.a', 'one');
        const reading = bus.read('contract.events.>', { position: '99@2020-01-01T00:00:00.000Z' });
        expect(texts(await reading.next(10, 0))).toEqual(['one']);
        reading.close();
      });

      it('begins with what was stored at a time', async () => {
        await publish('contract.events.a', 'before');
        await t.pass(300);
        const [early] = await bus.read('contract.events.>', beginning).next(1, 0);
        expect(early?.sequence).toBe(1);
        const sinceMs = t.nowMs() - 100;
        await publish('contract.events.a', 'after');
        const reading = bus.read('contract.events.>', { sinceMs });
        expect(texts(await reading.next(10, 0))).toEqual(['after']);
        expect(await bus.read('contract.events.>', { sinceMs: t.nowMs() + 60_000 }).next(10, 0)).toEqual([]);
        reading.close();
      });

      it('gives the last value of each subject of a last-value stream', async () => {
        for (const version of [1, 2]) await bus.publishLast('contract.lamps.a', bytes(`v${version}`), { version });
        const reading = bus.read('contract.lamps.*', beginning);
        const [lamp, ...rest] = await reading.next(10, 0);
        expect([lamp?.version, rest]).toEqual([2, []]);
        reading.close();
      });

      it('loses nothing and gives nothing twice while others publish', async () => {
        const sent = Array.from({ length: 300 }, (_, i) => `r${String(i).padStart(3, '0')}`);
        const reading = bus.read('contract.events.a', beginning);
        const seen: string[] = [];
        for (const [i, value] of sent.entries()) {
          await publish('contract.events.a', value);
          if (i % 7 === 0) seen.push(...texts(await reading.next(5, 0)));
        }
        for (let more = await reading.next(64, 0); more.length > 0; more = await reading.next(64, 0)) {
          seen.push(...texts(more));
        }
        expect(seen).toEqual(sent);
        reading.close();
      });

      it('ends a wait when it is closed', async () => {
        const reading = bus.read('contract.events.>', beginning);
        const waiting = reading.next(1, 30_000);
        await t.pass(20);
        reading.close();
        expect(await waiting).toEqual([]);
        expect(await reading.next(1, 0)).toEqual([]);
      });

      it('refuses a pattern that no one stream holds, a position that is none and bounds that cannot be', async () => {
        const thrown = (act: () => unknown): string => {
          try {
            act();
          } catch (error) {
            return error instanceof BusError ? error.code : String(error);
          }
          return '';
        };
        expect(thrown(() => bus.read('elsewhere', beginning))).toBe('invalid');
        expect(thrown(() => bus.read('contract.events.a', { position: 'x' }))).toBe('invalid');
        const reading = bus.read('contract.events.a', beginning);
        expect(await refused(reading.next(0, 0))).toBe('invalid');
        expect(await refused(reading.next(1, -1))).toBe('invalid');
        reading.close();
      });
    });

    it('has its bounds adjusted where the spec says so, and keeps them otherwise', async () => {
      for (let i = 0; i < 10; i++) await bus.publish('contract.events.a', new Uint8Array(2_000), { id: `n${i}` });
      await bus.ensureStreams([{ ...LOG, maxBytes: 5_000 }]);
      await publish('contract.events.a', 'kept');
      const kept = async (): Promise<number> => {
        const reading = bus.read('contract.events.>', { sinceMs: 0 });
        const messages = await reading.next(100, 0);
        reading.close();
        return messages.length;
      };
      expect(await kept()).toBe(11);
      await bus.ensureStreams([{ ...LOG, maxBytes: 5_000, adjustBounds: true }]);
      await publish('contract.events.a', 'again');
      for (let i = 0; i < 500 && (await kept()) > 4; i++) await t.pass(10);
      expect(await kept()).toBeLessThanOrEqual(4);
    });

    it('rejects every call as closed after close, and close may be called twice', async () => {
      const reader = await collect('contract.events.>', 'none');
      await bus.close();
      await bus.close();
      expect(await refused(publish('contract.events.a', 'x'))).toBe('closed');
      expect(await refused(bus.publishLast('contract.lamps.a', bytes('x'), { version: 1 }))).toBe('closed');
      expect(await refused(bus.last('contract.lamps.a'))).toBe('closed');
      expect(await refused(bus.ensureStreams([LOG]))).toBe('closed');
      expect(await refused(bus.subscribe('contract.events.>', { replay: 'none' }, () => undefined))).toBe('closed');
      await reader.close();
      const other = await t.another();
      await other.ensureStreams([LOG]);
      await other.publish('contract.events.a', bytes('x'), { id: 'x' });
      await t.pass(50);
      expect(reader.seen).toEqual([]);
    });
  });
}
