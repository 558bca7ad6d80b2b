const FAN_OUT = 32;

// Numbers by index, and the smallest of any stretch.
//   T1. Each node holds the smallest value of the 32 below it.
//   T2. Every operation looks at no more than 64 nodes of each level.

/** A number for each index below a size, and the index of the smallest in a stretch: a little over eight bytes an index. */
export class MinTree {
  /** The values, then the smallest of each 32 of the level before; the last has at most 32 nodes. */
  readonly #levels: readonly Float64Array[];

  private constructor(values: Float64Array) {
    const levels = [values];
    for (let below = values; below.length > FAN_OUT;) {
      const level = new Float64Array(Math.ceil(below.length / FAN_OUT));
      for (let node = 0; node < level.length; node++) level[node] = smallest(below, node);
      levels.push(level);
      below = level;
    }
    this.#levels = levels;
  }

  /** A tree of the values that `valueOf` gives the indexes below `size`. */
  static of(size: number, valueOf: (index: number) => number): MinTree {
    const values = new Float64Array(size);
    for (let index = 0; index < size; index++) values[index] = valueOf(index);
    return new MinTree(values);
  }

  /** The value of `index`. */
  get(index: number): number {
    return this.#levels[0]?.[index] ?? Infinity;
  }

  /** Gives `index` another value. */
  set(index: number, value: number): void {
    let node = index;
    let below: Float64Array | undefined;
    for (const level of this.#levels) {
      level[node] = below === undefined ? value : smallest(below, node);
      below = level;
      node = Math.floor(node / FAN_OUT);
    }
  }

  /** The lowest index from `from` on, below `to`, that has the smallest value there; undefined when all are Infinity. */
  minIndex(from: number, to: number): number | undefined {
    const least = this.#least(0, from, to);
    return least === Infinity ? undefined : this.#find(0, from, to, least);
  }

  /** The smallest value of the nodes from `from` on, below `to`, at this depth: whole families are looked up above. */
  #least(depth: number, from: number, to: number): number {
    const level = this.#levels[depth];
    if (level === undefined || from >= to) return Infinity;
    const [low, high] = this.#families(depth, from, to);
    let least = low < high ? this.#least(depth + 1, low / FAN_OUT, high / FAN_OUT) : Infinity;
    for (let node = from; node < low; node++) least = Math.min(least, level[node] ?? Infinity);
    for (let node = high; node < to; node++) least = Math.min(least, level[node] ?? Infinity);
    return least;
  }

  /** The lowest of these nodes that has the value; undefined when none has. */
  #find(depth: number, from: number, to: number, value: number): number | undefined {
    const level = this.#levels[depth];
    if (level === undefined || from >= to) return undefined;
    const [low, high] = this.#families(depth, from, to);
    for (let node = from; node < low; node++) if (level[node] === value) return node;
    const family = low < high ? this.#find(depth + 1, low / FAN_OUT, high / FAN_OUT, value) : undefined;
    const first = family === undefined ? high : family * FAN_OUT;
    const end = family === undefined ? to : first + FAN_OUT;
    for (let node = first; node < end; node++) if (level[node] === value) return node;
    return undefined;
  }

  /** The stretch of whole families of 32 between two nodes; empty (both ends `to`) where there is none, or no level above. */
  #families(depth: number, from: number, to: number): [number, number] {
    const low = Math.ceil(from / FAN_OUT) * FAN_OUT;
    const high = Math.floor(to / FAN_OUT) * FAN_OUT;
    return depth + 1 < this.#levels.length && low < high ? [low, high] : [to, to];
  }
}

/** The smallest of the up to 32 values below `node`. */
function smallest(below: Float64Array, node: number): number {
  let least = Infinity;
  const end = Math.min((node + 1) * FAN_OUT, below.length);
  for (let i = node * FAN_OUT; i < end; i++) least = Math.min(least, below[i] ?? Infinity);
  return least;
}
