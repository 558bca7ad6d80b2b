const FIRST_CAPACITY = 16;
const EMPTY = -1;

/**
 * Places by hashes of 32 bits, open addressing in typed arrays: 8 bytes an entry, 16 with the room between them.
 *
 *   I1. It holds exactly the pairs that were added and not deleted; a hash may have several places, a place several hashes.
 *   I2. At most three quarters are full, and after deletions at least an eighth is, or it is as small as it was made.
 */
export class HashIndex {
  #hashes = new Uint32Array(FIRST_CAPACITY);
  #places = new Int32Array(FIRST_CAPACITY).fill(EMPTY);
  #size = 0;

  /** How many pairs there are. */
  get size(): number {
    return this.#size;
  }

  /** Adds a pair that is not there. `place`: 0 or more. */
  add(hash: number, place: number): void {
    if (4 * (this.#size + 1) > 3 * this.#places.length) this.#resize(2 * this.#places.length);
    this.#size++;
    this.#put(hash, place);
  }

  /** Takes a pair out; whether it was there. */
  delete(hash: number, place: number): boolean {
    let at = this.#home(hash);
    while (this.#places[at] !== place || this.#hashes[at] !== hash) {
      if (this.#places[at] === EMPTY) return false;
      at = this.#next(at);
    }
    this.#close(at);
    this.#size--;
    const capacity = this.#places.length;
    if (capacity > FIRST_CAPACITY && 8 * this.#size < capacity) this.#resize(capacity / 2);
    return true;
  }

  /** The first place of this hash that `isMeant` takes; undefined: there is none. */
  find(hash: number, isMeant: (place: number) => boolean): number | undefined {
    for (let at = this.#home(hash); ; at = this.#next(at)) {
      const place = this.#places[at] ?? EMPTY;
      if (place === EMPTY) return undefined;
      if (this.#hashes[at] === hash && isMeant(place)) return place;
    }
  }

  #home(hash: number): number {
    return hash & (this.#places.length - 1);
  }

  #next(at: number): number {
    return (at + 1) & (this.#places.length - 1);
  }

  #put(hash: number, place: number): void {
    let at = this.#home(hash);
    while (this.#places[at] !== EMPTY) at = this.#next(at);
    this.#hashes[at] = hash;
    this.#places[at] = place;
  }

  /** Empties a cell, and moves up what would not be found across the gap. */
  #close(cell: number): void {
    let gap = cell;
    this.#places[gap] = EMPTY;
    for (let at = this.#next(gap); this.#places[at] !== EMPTY; at = this.#next(at)) {
      const hash = this.#hashes[at] ?? 0;
      const mask = this.#places.length - 1;
      // How far from its home it is, and how far the gap is from there: a cell may go back no further than its home.
      if (((at - this.#home(hash)) & mask) < ((at - gap) & mask)) continue;
      this.#hashes[gap] = hash;
      this.#places[gap] = this.#places[at] ?? EMPTY;
      this.#places[at] = EMPTY;
      gap = at;
    }
  }

  #resize(capacity: number): void {
    const [hashes, places] = [this.#hashes, this.#places];
    this.#hashes = new Uint32Array(capacity);
    this.#places = new Int32Array(capacity).fill(EMPTY);
    for (const [at, place] of places.entries()) if (place !== EMPTY) this.#put(hashes[at] ?? 0, place);
  }
}
