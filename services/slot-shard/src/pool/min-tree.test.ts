import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MinTree } from './min-tree.js';

describe('MinTree', () => {
  it('finds the lowest index of the smallest value in any stretch, as a search through all of it does (T1)', () => {
    const value = fc.oneof(fc.nat({ max: 5 }), fc.constant(Infinity), fc.constant(-Infinity));
    const size = fc.constantFrom(1, 31, 32, 33, 1024, 1025, 5000);
    fc.assert(
      fc.property(
        size,
        fc.array(value, { minLength: 1, maxLength: 100 }),
        fc.array(fc.tuple(fc.nat(), fc.nat(), value)),
        (count, pattern, script) => {
          const values = Array.from({ length: count }, (_, i) => pattern[i % pattern.length] ?? 0);
          const tree = MinTree.of(count, (index) => values[index] ?? 0);
          for (const [a, b, changed] of script) {
            tree.set(a % count, changed);
            values[a % count] = changed;
            const from = Math.min(a % count, b % count);
            const to = Math.max(a % count, b % count) + 1;
            const part = values.slice(from, to);
            const least = part.reduce((x, y) => Math.min(x, y), Infinity);
            expect(tree.minIndex(from, to)).toBe(least === Infinity ? undefined : from + part.indexOf(least));
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  it('finds nothing in an empty stretch', () => {
    expect(MinTree.of(0, () => 1).minIndex(0, 0)).toBeUndefined();
    expect(MinTree.of(100, () => 1).minIndex(50, 50)).toBeUndefined();
  });
});
