import { SeededRandom } from '@parkade/clock';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SecretHash, stableHash } from './hash.js';

type Hash = (text: string) => number;

/** Pairs of names of one length whose hash is the same, found by trying. */
function colliding(hash: Hash): readonly (readonly [string, string])[] {
  const byHash = new Map<number, string>();
  const pairs: [string, string][] = [];
  const random = new SeededRandom(7);
  while (pairs.length < 3) {
    const name = `call-${Buffer.from(random.bytes(8)).toString('hex')}`;
    const other = byHash.get(hash(name));
    if (other !== undefined) pairs.push([other, name]);
    byHash.set(hash(name), name);
  }
  return pairs;
}

/** The hash of a secret that is these four bytes. */
function ofBasis(...basis: readonly number[]): Hash {
  return new SecretHash({ bytes: () => Uint8Array.from(basis) }).of;
}

describe('a secret hash', () => {
  it('parts names that were chosen because they fall together, each of its kind in its own way', () => {
    const pairs = colliding(stableHash);
    const [first, second] = [new SecretHash(new SeededRandom(1)).of, new SecretHash(new SeededRandom(2)).of];
    for (const [a, b] of pairs) expect([first(a) === first(b), second(a) === second(b)]).toEqual([false, false]);
    expect(first('a')).not.toBe(second('a'));
    expect(first('a')).toBe(first('a'));
  });

  it('parts names that fall together by a secret which is nearly the same: all of it counts', () => {
    const pairs = colliding(ofBasis(0xc5, 0x9d, 0x1c, 0x81));
    for (const [a, b] of pairs) {
      for (const near of [ofBasis(0xc5, 0x9d, 0x1c, 0x80), ofBasis(0xc5, 0x9c, 0x1c, 0x81), ofBasis(0xc5, 1, 2, 3)]) {
        expect(near(a)).not.toBe(near(b));
      }
    }
  });

  it('is the same where a name is bytes and comes in pieces', () => {
    const hash = new SecretHash(new SeededRandom(3));
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (first, second) => {
        const [a, b] = [Buffer.from(first), Buffer.from(second)];
        const begun = hash.more(hash.begin(a), Buffer.concat([a, b]), a.length, a.length + b.length);
        expect(hash.end(begun)).toBe(hash.of(first + second));
      }),
    );
  });
});
