import { SeededRandom } from '@parkade/clock';
import { describe, expect, it } from 'vitest';
import { secretHash, stableHash } from './hash.js';

/** Pairs of names whose `stableHash` is the same, found by trying. */
function colliding(): readonly (readonly [string, string])[] {
  const byHash = new Map<number, string>();
  const pairs: [string, string][] = [];
  const random = new SeededRandom(7);
  while (pairs.length < 3) {
    const name = `call-${Buffer.from(random.bytes(8)).toString('hex')}`;
    const other = byHash.get(stableHash(name));
    if (other !== undefined) pairs.push([other, name]);
    byHash.set(stableHash(name), name);
  }
  return pairs;
}

describe('a secret hash', () => {
  it('parts names that were chosen because they fall together, each of its kind in its own way', () => {
    const pairs = colliding();
    const [first, second] = [secretHash(new SeededRandom(1)), secretHash(new SeededRandom(2))];
    for (const [a, b] of pairs) expect([first(a) === first(b), second(a) === second(b)]).toEqual([false, false]);
    expect(first('a')).not.toBe(second('a'));
    expect(first('a')).toBe(first('a'));
  });
});
