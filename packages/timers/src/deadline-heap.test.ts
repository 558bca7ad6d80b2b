import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DeadlineHandle, DeadlineHeap } from './deadline-heap.js';

/** The obvious way to do it: a map, looked through. */
class Model {
  readonly waiting = new Map<DeadlineHandle, number>();

  due(nowMs: number): number[] {
    const due = [...this.waiting].filter(([, atMs]) => atMs <= nowMs);
    for (const [handle] of due) this.waiting.delete(handle);
    return due.map(([, atMs]) => atMs).sort((a, b) => a - b);
  }
}

type Act = { insert: number } | { cancel: number } | { now: number };
const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ insert: fc.integer({ min: 0, max: 1000 }) }) },
  { weight: 3, arbitrary: fc.record({ cancel: fc.nat(200) }) },
  // Wall time: it goes on, is set forward, and is set back.
  { weight: 2, arbitrary: fc.record({ now: fc.integer({ min: 0, max: 1100 }) }) },
);

describe('DeadlineHeap', () => {
  it('fires what a naive list fires, whatever the wall clock does (D1, D2, D3, D4)', () => {
    fc.assert(
      fc.property(fc.array(act, { maxLength: 300 }), (acts) => {
        const heap = new DeadlineHeap();
        const model = new Model();
        const all: DeadlineHandle[] = [];
        for (const each of acts) {
          if ('insert' in each) {
            const handle = heap.insert(each.insert);
            expect(model.waiting.has(handle)).toBe(false);
            model.waiting.set(handle, each.insert);
            all.push(handle);
          } else if ('cancel' in each) {
            const handle = all[each.cancel % Math.max(1, all.length)];
            if (handle !== undefined) expect(heap.cancel(handle)).toBe(model.waiting.delete(handle));
          } else {
            const fired: number[] = [];
            heap.advance(each.now, (handle, atMs) => {
              expect(model.waiting.get(handle)).toBe(atMs);
              fired.push(atMs);
            });
            expect(fired).toEqual(model.due(each.now));
          }
          expect(heap.size).toBe(model.waiting.size);
          expect(heap.nextMs ?? Infinity).toBe(Math.min(Infinity, ...model.waiting.values()));
        }
      }),
    );
  });

  it('stays short when nearly everything is cancelled (D5)', () => {
    const heap = new DeadlineHeap();
    for (let i = 0; i < 200_000; i++) heap.cancel(heap.insert(i));
    const kept = heap.insert(7);
    expect(heap.bytes).toBeLessThan(16 * 1024 * 16);
    const fired: number[] = [];
    heap.advance(1e9, (handle) => fired.push(handle));
    expect(fired).toEqual([kept]);
  });

  it('keeps below 64 bytes a deadline with a hundred thousand waiting', () => {
    const heap = new DeadlineHeap();
    for (let i = 0; i < 100_000; i++) heap.insert((i * 7919) % 100_000);
    expect(heap.bytes / heap.size).toBeLessThan(64);
    let last = -1;
    let disordered = 0;
    heap.advance(Infinity, (_, atMs) => {
      if (atMs < last) disordered++;
      last = atMs;
    });
    expect(heap.size).toBe(0);
    expect(disordered).toBe(0);
  });

  it('fires in the same round what is inserted while firing and due already', () => {
    const heap = new DeadlineHeap();
    heap.insert(5);
    const fired: number[] = [];
    const count = heap.advance(10, (_, atMs) => {
      fired.push(atMs);
      if (atMs < 8) heap.insert(atMs + 1);
    });
    expect(fired).toEqual([5, 6, 7, 8]);
    expect(count).toBe(4);
  });

  it('fires at most as many as asked, and the rest next time', () => {
    const heap = new DeadlineHeap();
    for (let i = 0; i < 5; i++) heap.insert(i);
    const fired: number[] = [];
    expect(heap.advance(10, (_, atMs) => fired.push(atMs), 2)).toBe(2);
    expect(heap.advance(10, (_, atMs) => fired.push(atMs), 9)).toBe(3);
    expect(fired).toEqual([0, 1, 2, 3, 4]);
  });

  it('takes no time that is none', () => {
    expect(() => new DeadlineHeap().insert(NaN)).toThrow(RangeError);
  });
});
