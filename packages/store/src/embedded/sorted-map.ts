/** The most entries of a chunk; a fuller one is split. Insertion moves at most this many references. */
const MAX_CHUNK = 512;

interface Chunk<V> {
  readonly keys: string[];
  readonly values: V[];
}

/**
 * A map ordered by its string keys (plain `<`), as a list of small sorted arrays: lookups are two binary searches, scans
 * run over arrays. Emptied chunks are dropped, so that memory follows the number of entries.
 */
export class SortedMap<V> {
  #chunks: Chunk<V>[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(key: string): V | undefined {
    const chunk = this.#chunks[this.#chunkOf(key)];
    if (chunk === undefined) return undefined;
    const index = lowerBound(chunk.keys, key);
    return chunk.keys[index] === key ? chunk.values[index] : undefined;
  }

  set(key: string, value: V): void {
    const at = this.#chunkOf(key);
    const chunk = this.#chunks[at];
    if (chunk === undefined) {
      this.#chunks.push({ keys: [key], values: [value] });
      this.#size++;
      return;
    }
    const index = lowerBound(chunk.keys, key);
    if (chunk.keys[index] === key) {
      chunk.values[index] = value;
      return;
    }
    chunk.keys.splice(index, 0, key);
    chunk.values.splice(index, 0, value);
    this.#size++;
    if (chunk.keys.length > MAX_CHUNK) {
      // Keys mostly come in rising order: an append leaves a full chunk behind instead of two half-full ones.
      const cut = index === chunk.keys.length - 1 ? MAX_CHUNK : MAX_CHUNK >> 1;
      this.#chunks.splice(at + 1, 0, { keys: chunk.keys.splice(cut), values: chunk.values.splice(cut) });
    }
  }

  delete(key: string): boolean {
    const at = this.#chunkOf(key);
    const chunk = this.#chunks[at];
    if (chunk === undefined) return false;
    const index = lowerBound(chunk.keys, key);
    if (chunk.keys[index] !== key) return false;
    this.#size--;
    if (chunk.keys.length === 1) {
      this.#chunks.splice(at, 1);
    } else {
      chunk.keys.splice(index, 1);
      chunk.values.splice(index, 1);
    }
    return true;
  }

  /** The values of the keys in `[start, end)`, in order. The map must not change while this is consumed. */
  *range(start: string, end: string): Generator<V, void, void> {
    for (let at = this.#chunkOf(start); at < this.#chunks.length; at++) {
      const chunk = this.#chunks[at];
      if (chunk === undefined) return;
      for (let index = lowerBound(chunk.keys, start); index < chunk.keys.length; index++) {
        const key = chunk.keys[index];
        const value = chunk.values[index];
        if (key === undefined || value === undefined || key >= end) return;
        yield value;
      }
    }
  }

  /** The chunk that holds `key` or would: the last whose first key is not above it, else the first. */
  #chunkOf(key: string): number {
    let low = 0;
    let high = this.#chunks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const first = this.#chunks[middle]?.keys[0];
      if (first !== undefined && first <= key) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }
}

function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const at = keys[middle];
    if (at !== undefined && at < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
