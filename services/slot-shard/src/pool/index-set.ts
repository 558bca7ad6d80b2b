/** Children of a node, and bits of a word. */
const FAN_OUT = 32;

// A set of indexes below a fixed size.
//   B1. A bit is set exactly for the members; every node above counts the members below it.
//   B2. Every operation looks at no more than 32 nodes of each of its at most five levels.

/**
 * A set of the indexes 0 to `size` - 1 that knows how many of its members are below an index, and which is the n-th: bits with
 * a tree of counts above them, a quarter of a byte an index.
 */
export class IndexSet {
  readonly #words: Uint32Array;
  /** Counts of members, from the words up; the last level has one node. */
  readonly #levels: readonly Uint32Array[];

  private constructor(words: Uint32Array) {
    this.#words = words;
    const levels = [words.map(popCount)];
    for (let below = levels[0]; below !== undefined && below.length > 1; below = levels.at(-1)) {
      const level = new Uint32Array(Math.ceil(below.length / FAN_OUT));
      for (const [i, count] of below.entries()) level[i >>> 5] = (level[i >>> 5] ?? 0) + count;
      levels.push(level);
    }
    this.#levels = levels;
  }

  /** The set of the indexes below `size` that `isMember` takes; without it, of all. */
  static where(size: number, isMember: ((index: number) => boolean) | undefined): IndexSet {
    const words = new Uint32Array(Math.max(1, Math.ceil(size / FAN_OUT)));
    for (let index = 0; index < size; index++) {
      if (isMember?.(index) ?? true) words[index >>> 5] = (words[index >>> 5] ?? 0) | (1 << (index & 31));
    }
    return new IndexSet(words);
  }

  /** How many members it has. */
  get count(): number {
    return this.#levels.at(-1)?.[0] ?? 0;
  }

  /** Whether `index` is a member. */
  has(index: number): boolean {
    return (((this.#words[index >>> 5] ?? 0) >>> (index & 31)) & 1) === 1;
  }

  /** Makes `index` a member. */
  add(index: number): void {
    if (this.has(index)) return;
    this.#flip(index, 1);
  }

  /** Makes `index` no member. */
  delete(index: number): void {
    if (!this.has(index)) return;
    this.#flip(index, -1);
  }

  /** How many members are below `index`. */
  rank(index: number): number {
    let rank = popCount((this.#words[index >>> 5] ?? 0) & ((1 << (index & 31)) - 1));
    let node = index >>> 5;
    for (const level of this.#levels) {
      const first = node - (node % FAN_OUT);
      for (let i = first; i < node; i++) rank += level[i] ?? 0;
      node = Math.floor(node / FAN_OUT);
    }
    return rank;
  }

  /** The member that has `rank` members below it; undefined when there are no more than `rank`. */
  select(rank: number): number | undefined {
    if (rank < 0 || rank >= this.count) return undefined;
    let left = rank;
    let node = 0;
    for (let depth = this.#levels.length - 2; depth >= 0; depth--) {
      const level = this.#levels[depth];
      node *= FAN_OUT;
      for (let count = level?.[node] ?? 0; left >= count; count = level?.[node] ?? 0) {
        left -= count;
        node++;
      }
    }
    return node * FAN_OUT + nthBit(this.#words[node] ?? 0, left);
  }

  /** The first member from `from` on, below `to`; undefined when there is none. */
  next(from: number, to: number): number | undefined {
    const index = this.select(this.rank(from));
    return index === undefined || index >= to ? undefined : index;
  }

  #flip(index: number, by: 1 | -1): void {
    let node = index >>> 5;
    this.#words[node] = (this.#words[node] ?? 0) ^ (1 << (index & 31));
    for (const level of this.#levels) {
      level[node] = (level[node] ?? 0) + by;
      node = Math.floor(node / FAN_OUT);
    }
  }
}

function popCount(word: number): number {
  let n = word - ((word >>> 1) & 0x55555555);
  n = (n & 0x33333333) + ((n >>> 2) & 0x33333333);
  return Math.imul((n + (n >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** The position of the bit of `word` that has `n` set bits below it. */
function nthBit(word: number, n: number): number {
  let rest = word;
  for (let i = 0; i < n; i++) rest &= rest - 1;
  return 31 - Math.clz32(rest & -rest);
}
