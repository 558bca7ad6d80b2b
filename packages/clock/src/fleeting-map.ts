const FIRST_CAPACITY = 16;

/**
 * A map whose entries come and go: what is under way, by its id. A `Map` is the wrong thing for that. It makes itself a new table each time
 * as many keys were added as it has room for, and the old table goes on to point at its entries and at the new one. Once a table is in the
 * old generation, where all that is long-lived soon is, its successors are kept by their dead predecessors, and with them what was under
 * way when they were left: more than half of what ever was in the map is moved to the old generation instead of dying young. An owner's
 * commands so left 2 kB each there, and a collection of its young generation took 10 to 30 ms instead of 6 to 12.
 *
 *   M1. It holds the entries that were set and not deleted, in no order that could be relied on.
 *   M2. What was deleted is pointed at by nothing here, tables that were outgrown included.
 *   M3. At most half of its table is full, and after deletions at least an eighth is, or it is as small as it was made. So steady load
 *       makes no garbage.
 *
 * Open addressing, linear probing.
 */
export class FleetingMap<K extends string | number, V> {
  #size = 0;
  /** Of each cell: its key's hash, the key, and the value; undefined: the cell is free. */
  #hashes = new Int32Array(FIRST_CAPACITY);
  #keys = cells<K>(FIRST_CAPACITY);
  #values = cells<V>(FIRST_CAPACITY);

  /** `hashOf`: 32 bits, of which the low ones are to be well mixed: see `numberHash`. */
  constructor(private readonly hashOf: (key: K) => number) {}

  get size(): number {
    return this.#size;
  }

  has(key: K): boolean {
    return this.#keys[this.#cell(key, this.hashOf(key) | 0)] !== undefined;
  }

  get(key: K): V | undefined {
    return this.#values[this.#cell(key, this.hashOf(key) | 0)];
  }

  set(key: K, value: V): this {
    const hash = this.hashOf(key) | 0;
    let at = this.#cell(key, hash);
    if (this.#keys[at] === undefined) {
      if (2 * ++this.#size > this.#keys.length) {
        this.#resize(2 * this.#keys.length);
        at = this.#cell(key, hash);
      }
      this.#hashes[at] = hash;
      this.#keys[at] = key;
    }
    this.#values[at] = value;
    return this;
  }

  /** Whether it was there. */
  delete(key: K): boolean {
    const at = this.#cell(key, this.hashOf(key) | 0);
    if (this.#keys[at] === undefined) return false;
    this.#close(at);
    const capacity = this.#keys.length;
    if (8 * --this.#size < capacity && capacity > FIRST_CAPACITY) this.#resize(capacity / 2);
    return true;
  }

  clear(): void {
    this.#size = 0;
    this.#keys.fill(undefined);
    this.#values.fill(undefined);
  }

  /** What it holds now: what is set or deleted meanwhile changes nothing about it. */
  values(): V[] {
    const values: V[] = [];
    this.forEach((value) => values.push(value));
    return values;
  }

  /** Tells each entry that it holds now. */
  forEach(told: (value: V, key: K) => void): void {
    const [keys, values] = [[...this.#keys], [...this.#values]];
    for (const [at, key] of keys.entries()) if (key !== undefined) told(values[at] as V, key);
  }

  /** The key's cell, or the free one where it would be put. */
  #cell(key: K, hash: number): number {
    const mask = this.#keys.length - 1;
    let at = hash & mask;
    for (let there = this.#keys[at]; there !== undefined; there = this.#keys[at]) {
      if (this.#hashes[at] === hash && there === key) break;
      at = (at + 1) & mask;
    }
    return at;
  }

  /** Frees a cell, and moves up what would not be found across the gap. */
  #close(cell: number): void {
    const mask = this.#keys.length - 1;
    let gap = cell;
    for (let at = (gap + 1) & mask; this.#keys[at] !== undefined; at = (at + 1) & mask) {
      const hash = this.#hashes[at] ?? 0;
      // How far it is from its home, and how far the gap is from there: it may go back no further than its home.
      if (((at - hash) & mask) < ((gap - hash) & mask)) continue;
      this.#hashes[gap] = hash;
      this.#keys[gap] = this.#keys[at];
      this.#values[gap] = this.#values[at];
      gap = at;
    }
    this.#keys[gap] = undefined;
    this.#values[gap] = undefined;
  }

  #resize(capacity: number): void {
    const [hashes, keys, values] = [this.#hashes, this.#keys, this.#values];
    this.#hashes = new Int32Array(capacity);
    this.#keys = cells(capacity);
    this.#values = cells(capacity);
    for (let from = 0; from < keys.length; from++) {
      const key = keys[from];
      if (key === undefined) continue;
      const hash = hashes[from] ?? 0;
      const at = this.#cell(key, hash);
      this.#hashes[at] = hash;
      this.#keys[at] = key;
      this.#values[at] = values[from];
    }
    keys.fill(undefined);
    values.fill(undefined);
  }
}

/** Of numbers that are counted up. */
export function numberHash(key: number): number {
  const mixed = Math.imul(key ^ (key >>> 15), 0x2c1b3c6d);
  return mixed ^ (mixed >>> 12);
}

function cells<T>(capacity: number): (T | undefined)[] {
  return new Array<T | undefined>(capacity).fill(undefined);
}
