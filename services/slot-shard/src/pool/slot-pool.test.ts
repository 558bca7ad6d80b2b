import { Selection } from '@parkade/proto';
import type { SlotRange } from '@parkade/settings';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ChoiceContext, SlotPool, type SlotSelection } from './slot-pool.js';

const random = 0.5;

function chosen(pool: SlotPool, selection: SlotSelection, context: Partial<ChoiceContext> = {}): string {
  const choice = pool.choose(selection, { random, ...context });
  return choice.kind === 'slot' ? choice.slot : choice.kind;
}

/** Takes slot after slot, at most ten. */
function takeAll(pool: SlotPool, selection: SlotSelection): string[] {
  const order: string[] = [];
  while (order.at(-1) !== 'full' && order.length < 10) {
    const slot = chosen(pool, selection);
    order.push(slot);
    pool.markBusy(slot);
  }
  return order;
}

describe('SlotPool (R6)', () => {
  it('chooses the first free slot in the order of the ranges, and keeps leading zeros', () => {
    const pool = new SlotPool([
      { first: '007', last: '009' },
      { first: '7', last: '8' },
    ]);
    expect(takeAll(pool, Selection.FIRST)).toEqual(['007', '008', '009', '7', '8', 'full']);
  });

  it('chooses the next slot after the cursor, and wraps', () => {
    const pool = new SlotPool([{ first: '701', last: '703' }]);
    expect(chosen(pool, Selection.NEXT)).toBe('701');
    expect(chosen(pool, Selection.NEXT, { cursor: '701' })).toBe('702');
    expect(chosen(pool, Selection.NEXT, { cursor: '703' })).toBe('701');
    pool.markBusy('702');
    expect(chosen(pool, Selection.NEXT, { cursor: '701' })).toBe('703');
  });

  it('goes on sensibly after a cursor that is not in the pool', () => {
    const pool = new SlotPool([
      { first: '701', last: '703' },
      { first: '710', last: '712' },
    ]);
    expect(chosen(pool, Selection.NEXT, { cursor: '706' })).toBe('710');
    expect(chosen(pool, Selection.NEXT, { cursor: '900' })).toBe('701');
    expect(chosen(pool, Selection.NEXT, { cursor: 'lobby' })).toBe('701');
    expect(chosen(pool, Selection.NEXT, { cursor: '0702' })).toBe('703');
  });

  it('chooses any free slot at random, each alike', () => {
    const pool = new SlotPool([{ first: '1', last: '9' }]);
    for (const slot of ['2', '3', '4', '5', '6', '7']) pool.markBusy(slot);
    const at = (value: number): string => chosen(pool, Selection.RANDOM, { random: value });
    expect([at(0), at(0.34), at(0.67), at(0.999999)]).toEqual(['1', '8', '9', '9']);
  });

  it('chooses what was never used, then what has been free for the longest time', () => {
    const pool = new SlotPool([{ first: '1', last: '4' }]);
    for (const slot of ['1', '2', '3']) pool.markBusy(slot);
    pool.markFree('3', 10);
    pool.markFree('1', 20);
    pool.markFree('2', 15);
    expect(takeAll(pool, Selection.LONGEST_IDLE)).toEqual(['4', '3', '2', '1', 'full']);
  });

  it('counts a slot that is freed without an order as freed last, and freeing it again changes nothing', () => {
    const pool = new SlotPool([{ first: '1', last: '2' }]);
    for (const slot of ['1', '2']) pool.markBusy(slot);
    pool.markFree('2', 1_000_000);
    pool.markFree('1');
    pool.markFree('2');
    expect(chosen(pool, Selection.LONGEST_IDLE)).toBe('2');
  });

  it('tells a full lot from one whose free slots lie beyond the highest number', () => {
    const pool = new SlotPool([{ first: '101', last: '104' }]);
    for (const selection of [Selection.FIRST, Selection.NEXT, Selection.RANDOM, Selection.LONGEST_IDLE] as const) {
      expect(chosen(pool, selection, { maxSlotNumber: 100 })).toBe('max-exceeded');
      expect(chosen(pool, selection, { maxSlotNumber: 101, cursor: '103' })).toBe('101');
    }
    pool.markBusy('101');
    expect(chosen(pool, Selection.FIRST, { maxSlotNumber: 101 })).toBe('max-exceeded');
    for (const slot of ['102', '103', '104']) pool.markBusy(slot);
    expect(chosen(pool, Selection.FIRST, { maxSlotNumber: 101 })).toBe('full');
  });

  it('never chooses past the highest number, also where every slot below it is taken', () => {
    for (const selection of [Selection.FIRST, Selection.NEXT, Selection.RANDOM, Selection.LONGEST_IDLE] as const) {
      const pool = new SlotPool([
        { first: '701', last: '703' },
        { first: '101', last: '102' },
      ]);
      for (const slot of ['101', '102']) pool.markBusy(slot);
      expect(chosen(pool, selection, { maxSlotNumber: 699, random: 0 })).toBe('max-exceeded');
    }
  });

  it('leaves slots outside the ranges, and those of other parts, alone', () => {
    const pool = new SlotPool([{ first: '1', last: '6' }], { belongs: (slot) => Number(slot) % 2 === 0 });
    for (const slot of ['lobby', '99', '1', '01', '']) {
      pool.markBusy(slot);
      pool.markFree(slot);
      expect(pool.isFree(slot)).toBe(false);
    }
    expect(pool.freeCount).toBe(3);
    expect(chosen(pool, Selection.FIRST)).toBe('2');
  });

  it('is full from the start without a range', () => {
    expect(chosen(new SlotPool([]), Selection.FIRST)).toBe('full');
  });

  it('agrees with a plain list of slots, whatever happens (P1 to P3)', () => {
    const start = fc.record({ from: fc.integer({ min: 0, max: 60 }), length: fc.integer({ min: 1, max: 90 }) });
    const op = fc.oneof(
      fc.record({ kind: fc.constant('busy' as const), slot: fc.nat(), order: fc.constant(0) }),
      fc.record({ kind: fc.constant('free' as const), slot: fc.nat(), order: fc.integer({ min: 1, max: 9 }) }),
    );
    const context = fc.record({
      selection: fc.constantFrom(Selection.FIRST, Selection.NEXT, Selection.RANDOM, Selection.LONGEST_IDLE),
      cursor: fc.option(fc.nat({ max: 200 }), { nil: undefined }),
      maxSlotNumber: fc.option(fc.nat({ max: 200 }), { nil: undefined }),
      random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    });
    fc.assert(
      fc.property(start, fc.boolean(), fc.array(fc.tuple(op, context), { maxLength: 60 }), (range, odd, script) => {
        const ranges = rangesOf(range.from, range.length);
        const belongs = odd ? (slot: string): boolean => Number(slot) % 2 === 1 : undefined;
        const pool = new SlotPool(ranges, { belongs });
        const model = new PlainPool(ranges, belongs);
        for (const [{ kind, slot, order }, { selection, cursor, ...rest }] of script) {
          const id = model.slots[slot % model.slots.length] ?? '';
          if (kind === 'busy') pool.markBusy(id);
          else pool.markFree(id, order);
          model.mark(id, kind, order);
          const given = { ...rest, cursor: cursor === undefined ? undefined : String(cursor).padStart(3, '0') };
          expect(pool.choose(selection, given)).toEqual(model.choose(selection, given));
          expect(pool.isFree(id)).toBe(model.since.has(id));
          expect(pool.freeCount).toBe(model.since.size);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('agrees with arithmetic on a million slots of several widths', () => {
    const pool = new SlotPool([
      { first: '000000', last: '499999' },
      { first: '1500000', last: '1999999' },
    ]);
    for (let number = 0; number < 500_000; number++) pool.markBusy(String(number).padStart(6, '0'));
    for (let number = 1_500_000; number < 1_999_999; number++) pool.markBusy(String(number));
    for (const selection of [Selection.FIRST, Selection.NEXT, Selection.RANDOM, Selection.LONGEST_IDLE] as const) {
      expect(chosen(pool, selection, { cursor: '000000' })).toBe('1999999');
    }
    expect(chosen(pool, Selection.FIRST, { maxSlotNumber: 1_999_998 })).toBe('max-exceeded');
    pool.markFree('031234');
    expect(chosen(pool, Selection.FIRST)).toBe('031234');
    expect(chosen(pool, Selection.LONGEST_IDLE, { maxSlotNumber: 31_234 })).toBe('031234');
  });

  it('chooses as quickly with one slot of 100,000 left as with none taken (P4)', () => {
    const ranges = [{ first: '100000', last: '199999' }];
    const empty = new SlotPool(ranges);
    const nearlyFull = new SlotPool(ranges);
    for (let number = 100_000; number < 199_999; number++) nearlyFull.markBusy(String(number));
    for (const selection of [Selection.FIRST, Selection.NEXT, Selection.RANDOM, Selection.LONGEST_IDLE] as const) {
      const choose = (pool: SlotPool): void => void pool.choose(selection, { random, cursor: '100000' });
      fastestMs(() => choose(empty));
      // Looking through the slots one by one would be a thousand times slower.
      expect(fastestMs(() => choose(nearlyFull))).toBeLessThan(50 * fastestMs(() => choose(empty)) + 1);
    }
  });
});

/** Two ranges with three digits and one with two, around the numbers that are asked for. */
function rangesOf(from: number, length: number): SlotRange[] {
  const id = (number: number, width: number): string => String(number).padStart(width, '0');
  return [
    { first: id(from + 100, 3), last: id(from + 100 + length, 3) },
    { first: id(from, 2), last: id(from + 10, 2) },
    { first: id(from, 3), last: id(from + 20, 3) },
  ];
}

/** The pool's promises, by the simplest means. */
class PlainPool {
  readonly slots: string[] = [];
  /** The free ones, with when they were freed. */
  readonly since = new Map<string, number>();

  constructor(
    readonly ranges: readonly SlotRange[],
    readonly belongs: ((slot: string) => boolean) | undefined,
  ) {
    for (const { first, last } of ranges) {
      for (let number = Number(first); number <= Number(last); number++) {
        const slot = String(number).padStart(first.length, '0');
        this.slots.push(slot);
        if (belongs?.(slot) ?? true) this.since.set(slot, -1);
      }
    }
  }

  mark(slot: string, kind: 'busy' | 'free', order: number): void {
    if (kind === 'busy') this.since.delete(slot);
    else if ((this.belongs?.(slot) ?? true) && !this.since.has(slot)) this.since.set(slot, order);
  }

  choose(selection: SlotSelection, context: ChoiceContext): unknown {
    if (this.since.size === 0) return { kind: 'full' };
    const { maxSlotNumber = Infinity, cursor } = context;
    const free = this.slots.filter((slot) => this.since.has(slot) && Number(slot) <= maxSlotNumber);
    if (free.length === 0) return { kind: 'max-exceeded' };
    const first = free[0] ?? '';
    switch (selection) {
      case Selection.FIRST:
        return { kind: 'slot', slot: first };
      case Selection.NEXT: {
        const from = cursor === undefined ? 0 : this.#after(cursor);
        return { kind: 'slot', slot: free.find((slot) => this.slots.indexOf(slot) >= from) ?? first };
      }
      case Selection.RANDOM:
        return { kind: 'slot', slot: free[Math.floor(context.random * free.length)] };
      case Selection.LONGEST_IDLE: {
        const oldest = Math.min(...free.map((slot) => this.since.get(slot) ?? 0));
        return { kind: 'slot', slot: free.find((slot) => this.since.get(slot) === oldest) };
      }
    }
  }

  #after(cursor: string): number {
    const index = this.slots.indexOf(cursor);
    if (index !== -1) return index + 1;
    const range = this.ranges.find(({ last }) => Number(last) > Number(cursor));
    if (range === undefined) return 0;
    const next = Math.max(Number(range.first), Number(cursor) + 1);
    return this.slots.indexOf(String(next).padStart(range.first.length, '0'));
  }
}

/** The fastest of many rounds of a hundred, so that what else the machine does does not count. */
function fastestMs(run: () => void): number {
  let fastest = Infinity;
  for (let round = 0; round < 30; round++) {
    const start = performance.now();
    for (let i = 0; i < 100; i++) run();
    fastest = Math.min(fastest, performance.now() - start);
  }
  return fastest;
}
