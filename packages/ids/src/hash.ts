import type { Random } from '@parkade/clock';

const FNV_BASIS = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/**
 * A stable 32-bit hash (FNV-1a with murmur3's finalizer) of the UTF-8 bytes of `text`. Where slots live depends on it: it
 * must never change. Anybody can find texts that fall together: a table whose keys others choose takes a `SecretHash`.
 */
export function stableHash(text: string): number {
  let hash = FNV_BASIS;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) return stableHashOfBytes(Buffer.from(text, 'utf8'));
    hash = Math.imul(hash ^ code, FNV_PRIME);
  }
  return finish(hash);
}

function stableHashOfBytes(bytes: Uint8Array): number {
  let hash = FNV_BASIS;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, FNV_PRIME);
  return finish(hash);
}

/**
 * A 32-bit hash of UTF-8 bytes that nobody else knows: for a table in memory whose keys others choose, who would otherwise find as many as
 * they like that fall together. Of a text at once (`of`), or of bytes in pieces (`begin`, `more`, `end`): the same.
 *
 * It is FNV-1a from a random basis, and folds the upper half onto the lower one at each byte. Without that the lower byte of
 * what is hashed so far depends on nothing but the lower byte of the basis, and with it which texts of one length fall together: whoever
 * tries 256 sets of them has one that fits any basis.
 */
export class SecretHash {
  readonly #basis: number;

  constructor(random: Pick<Random, 'bytes'>) {
    this.#basis = Buffer.from(random.bytes(4)).readUInt32LE();
  }

  readonly of = (text: string): number => {
    let hash = this.#basis;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) return this.end(this.begin(Buffer.from(text, 'utf8')));
      hash = Math.imul(hash ^ code, FNV_PRIME);
      hash ^= hash >>> 15;
    }
    return finish(hash);
  };

  /** The first piece of what is hashed. */
  begin(bytes: Uint8Array): number {
    return this.more(this.#basis, bytes);
  }

  /** One more piece of it: of `bytes` those from `start` on, below `end`. */
  more(begun: number, bytes: Uint8Array, start = 0, end = bytes.length): number {
    let hash = begun;
    for (let i = start; i < end; i++) {
      hash = Math.imul(hash ^ (bytes[i] ?? 0), FNV_PRIME);
      hash ^= hash >>> 15;
    }
    return hash;
  }

  /** There are no more pieces: what the hash is. */
  end(begun: number): number {
    return finish(begun);
  }
}

function finish(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
