import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HashIndex } from './hash-index.js';

/** Few hashes, many of them with the same home and at the end of the cells, so that they push each other around. */
const hash = fc.constantFrom(0, 1, 2, 14, 15, 16, 30, 31, 32, 0xffffffff, 0xfffffff0);

describe('HashIndex', () => {
  it('finds exactly the pairs that were added and not deleted, through growth and shrinking (I1, I2)', () => {
    const step = fc.record({ add: fc.boolean(), hash, place: fc.nat({ max: 40 }) });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 400 }), (steps) => {
        const index = new HashIndex();
        const model = new Set<string>();
        for (const { add, hash: at, place } of steps) {
          const pair = `${at}/${place}`;
          if (add && !model.has(pair)) {
            index.add(at, place);
            model.add(pair);
          } else if (!add) expect(index.delete(at, place)).toBe(model.delete(pair));
          expect(index.size).toBe(model.size);
        }
        for (const pair of model) {
          const [at, place] = pair.split('/').map(Number);
          expect(index.find(at ?? 0, (each) => each === place)).toBe(place);
        }
        for (let at = 0; at < 33; at++) {
          const places = new Set<number>();
          index.find(at, (each) => (places.add(each), false));
          expect(places).toEqual(
            new Set([...model].flatMap((pair) => (pair.startsWith(`${at}/`) ? [Number(pair.split('/')[1])] : []))),
          );
        }
      }),
      { numRuns: 300 },
    );
  });
});
