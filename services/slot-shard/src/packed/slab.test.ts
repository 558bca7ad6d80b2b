import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_PIECE, Slab } from './slab.js';

describe('Slab', () => {
  it('keeps every piece until it is freed, wherever it is moved, in at most twice the room (S1, S2)', () => {
    const step = fc.record({
      owner: fc.nat({ max: 200 }),
      length: fc.oneof(fc.nat({ max: 600 }), fc.constant(MAX_PIECE)),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 200, maxLength: 2_000 }), (steps) => {
        const positions = new Map<number, number>();
        const pieces = new Map<number, Buffer>();
        const slab = new Slab(
          (owner) => positions.get(owner),
          (owner, position) => positions.set(owner, position),
        );
        let bytes = 0;
        for (const [i, { owner, length }] of steps.entries()) {
          const position = positions.get(owner);
          if (position !== undefined) {
            positions.delete(owner);
            slab.free(position);
            bytes -= (pieces.get(owner)?.length ?? 0) + 6;
            pieces.delete(owner);
          } else {
            const piece = Buffer.alloc(length, i);
            pieces.set(owner, piece);
            positions.set(owner, slab.add(owner, piece));
            bytes += length + 6;
          }
          // Two thirds of each chunk are in use, less what did not fit at its end; and there is one being filled.
          expect(slab.bytes).toBeLessThanOrEqual(2.5 * bytes + 65_536);
        }
        for (const [owner, piece] of pieces) expect(slab.read(positions.get(owner) ?? -1).equals(piece)).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  it('refuses to read where nothing is', () => {
    const slab = new Slab(
      () => undefined,
      () => undefined,
    );
    expect(() => slab.read(0)).toThrow(RangeError);
  });
});
