import { ManualClock } from '@parkade/clock';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BatchWriter } from './batching.js';

/** A stream that takes `room` messages, then is full until it is drained. */
class Narrow {
  readonly written: number[][] = [];
  #drain: (() => void) | undefined;

  constructor(private room: number) {}

  write(message: number[]): boolean {
    this.written.push(message);
    return --this.room > 0;
  }

  once(_event: 'drain', listener: () => void): void {
    this.#drain = listener;
  }

  drain(room: number): void {
    this.room = room;
    const listener = this.#drain;
    this.#drain = undefined;
    listener?.();
  }
}

describe('BatchWriter', () => {
  it('puts the items of one turn in one message (T1)', async () => {
    const stream = new Narrow(10);
    const clock = new ManualClock();
    const writer = new BatchWriter<number, number[]>(stream, (items) => items, clock, 100);
    for (const item of [1, 2, 3]) writer.push(item);
    expect(stream.written).toEqual([]);
    await clock.advance(0);
    writer.push(4);
    await clock.advance(0);
    expect(stream.written).toEqual([[1, 2, 3], [4]]);
  });

  it('writes nothing while the stream is full, and loses and reorders nothing (T1, T2)', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(3), { maxLength: 60 }),
        fc.integer({ min: 1, max: 7 }),
        async (steps, maxItems) => {
          const stream = new Narrow(1);
          const clock = new ManualClock();
          const writer = new BatchWriter<number, number[]>(stream, (items) => items, clock, maxItems);
          let pushed = 0;
          for (const step of steps) {
            if (step === 0) {
              const before = stream.written.length;
              await clock.advance(0);
              expect(stream.written.length - before).toBeLessThanOrEqual(1);
              stream.drain(1);
            } else for (let i = 0; i < step; i++) writer.push(pushed++);
          }
          stream.drain(1_000);
          await clock.advance(0);
          expect(stream.written.flat()).toEqual(Array.from({ length: pushed }, (_, i) => i));
          for (const message of stream.written) expect(message.length).toBeLessThanOrEqual(maxItems);
          expect(writer.size).toBe(0);
        },
      ),
    );
  });

  it('writes nothing after it was closed (T3)', async () => {
    const stream = new Narrow(10);
    const clock = new ManualClock();
    const writer = new BatchWriter<number, number[]>(stream, (items) => items, clock, 100);
    writer.push(1);
    writer.close();
    writer.push(2);
    await clock.advance(0);
    expect(stream.written).toEqual([]);
  });
});
