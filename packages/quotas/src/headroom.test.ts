import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allowedCount, FREE_ADDITIONS, toldCount } from './headroom.js';

/** Members that add as much as they may, and hear of each other once a round. */
class Members {
  readonly counts: number[];
  readonly told: number[];

  constructor(
    readonly limit: number,
    counts: readonly number[],
  ) {
    this.counts = [...counts];
    this.told = counts.map(() => 0);
  }

  get sum(): number {
    return this.counts.reduce((a, b) => a + b, 0);
  }

  elsewhere(member: number): number {
    return this.told.reduce((sum, told, i) => (i === member ? sum : sum + told), 0);
  }

  allowed(member: number): number {
    return allowedCount(this.limit, this.told[member] ?? 0, this.elsewhere(member), this.counts.length);
  }

  /** Adds at most `wanted`; to how many came to be. */
  add(member: number, wanted: number): number {
    const count = this.counts[member] ?? 0;
    const added = Math.max(0, Math.min(wanted, this.allowed(member) - count));
    this.counts[member] = count + added;
    return added;
  }

  tell(): void {
    const elsewhere = this.counts.map((_, i) => this.elsewhere(i));
    this.counts.forEach((count, i) => {
      this.told[i] = toldCount(this.limit, count, elsewhere[i] ?? 0, this.counts.length);
    });
  }
}

const limits = fc.integer({ min: 1, max: 5_000 });
const sizes = fc.integer({ min: 1, max: 12 });

describe('a limit shared by several', () => {
  it('is overshot by an eighth and four a member at most, however they all take what they may', () => {
    const rounds = fc.array(fc.array(fc.integer({ min: -400, max: 6_000 }), { minLength: 12, maxLength: 12 }), {
      minLength: 1,
      maxLength: 12,
    });
    fc.assert(
      fc.property(limits, sizes, rounds, (limit, size, wishes) => {
        const members = new Members(
          limit,
          Array.from({ length: size }, () => 0),
        );
        for (const wish of wishes) {
          for (let i = 0; i < size; i++) {
            const wanted = wish[i] ?? 0;
            if (wanted > 0) members.add(i, wanted);
            else members.counts[i] = Math.max(0, (members.counts[i] ?? 0) + wanted);
          }
          expect(members.sum).toBeLessThanOrEqual(size === 1 ? limit : limit + limit / 8 + FREE_ADDITIONS * size);
          members.tell();
        }
      }),
    );
  });

  it('is all for the one who wants it: after a few tellings, to the last', () => {
    fc.assert(
      fc.property(limits, sizes, (limit, size) => {
        const members = new Members(
          limit,
          Array.from({ length: size }, () => 0),
        );
        for (let i = 0; i < 80 && members.sum < limit; i++) {
          members.add(0, limit);
          members.tell();
        }
        expect(members.sum).toBe(limit);
      }),
    );
  });

  it('never refuses a few calls at a time while the limit is not reached', () => {
    const members = new Members(10, [0, 0, 0]);
    for (let i = 0; i < 10; i++) {
      expect(members.add(0, 1)).toBe(1);
      members.tell();
    }
    expect(members.add(0, 1)).toBe(0);
  });
});
