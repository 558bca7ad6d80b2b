import type { Random } from '@parkade/clock';

/**
 * A stable 32-bit hash (FNV-1a with murmur3's finalizer) of the UTF-8 bytes of `text`. Where slots live depends on it: it
 * must never change. Another `basis` makes another hash: a random one, where nobody shall foresee which texts fall together.
 */
export function stableHash(text: string, basis = FIRST_HASH): number {
  let hash = basis;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) return endHash(moreHash(basis, Buffer.from(text, 'utf8')));
    hash = Math.imul(hash ^ code, 0x01000193);
  }
  return endHash(hash);
}

/**
 * As `stableHash`, of a basis that nobody knows: for a table in memory whose keys others choose, who would otherwise find as many as
 * they like that fall together.
 */
export function secretHash(random: Pick<Random, 'bytes'>): (text: string) => number {
  const basis = Buffer.from(random.bytes(4)).readUInt32LE();
  return (text) => stableHash(text, basis);
}

/** The same piece by piece, of bytes that are no text yet: begins with this, goes on by `moreHash`, and is what `endHash` says. */
export const FIRST_HASH = 0x811c9dc5;

export function moreHash(hash: number, bytes: Uint8Array, start = 0, end = bytes.length): number {
  let more = hash;
  for (let i = start; i < end; i++) more = Math.imul(more ^ (bytes[i] ?? 0), 0x01000193);
  return more;
}

export function endHash(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
