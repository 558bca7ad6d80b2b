import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IndexSet } from './index-set.js';

describe('IndexSet', () => {
  it('ranks, selects and steps like a sorted list of its members (B1)', () => {
    const size = 40_000;
    const index = fc.nat({ max: size - 1 });
    fc.assert(
      fc.property(
        fc.array(index, { maxLength: 50 }),
        fc.array(fc.tuple(index, index), { minLength: 1 }),
        (gone, asked) => {
          // Few members or nearly all of them: both ends of what the counts have to say.
          for (const inverted of [false, true]) {
            const set = IndexSet.where(size, inverted ? undefined : () => false);
            const member = new Set<number>(inverted ? Array(size).keys() : []);
            for (const each of gone) {
              if (inverted) set.delete(each);
              else set.add(each);
              if (inverted) member.delete(each);
              else member.add(each);
            }
            const sorted = [...member].sort((a, b) => a - b);
            expect(set.count).toBe(sorted.length);
            for (const [from, to] of [...asked, ...gone.map((each) => [each, each + 1] as const)]) {
              expect(set.has(from)).toBe(member.has(from));
              expect(set.rank(from)).toBe(sorted.filter((each) => each < from).length);
              expect(set.select(from)).toBe(sorted[from]);
              expect(set.next(from, to)).toBe(sorted.find((each) => each >= from && each < to));
            }
          }
        },
      ),
      { numRuns: 10 },
    );
  });

  it('counts every member when it is asked about the end', () => {
    for (const size of [0, 1, 31, 32, 33, 1024, 1025]) {
      const set = IndexSet.where(size, undefined);
      expect([set.count, set.rank(size), set.select(size)]).toEqual([size, size, undefined]);
    }
  });
});
