/** Names one deadline from its insertion until it fires or is cancelled; never given to another one. */
export type DeadlineHandle = number;

/** At most this many deadlines wait at a time: what a handle has room for. */
export const MAX_DEADLINES = 2 ** 24;

/** A small number that no other waiting deadline has; for arrays beside the heap. */
export function placeOf(handle: DeadlineHandle): number {
  return handle % MAX_DEADLINES;
}

const FIRST_CAPACITY = 1_024;
/** Children of a heap entry: four make the heap half as deep as two, and stand side by side in memory. */
const ARITY = 4;
/** With fewer entries than this, dead ones are not worth clearing away. */
const MIN_SWEEP = 4_096;

/**
 * Deadlines in wall ms, the earliest first: a four-ary heap in typed arrays.
 *
 *   D1. A deadline fires once, in `advance` with a `nowMs` at or past it, never before; and not after it was cancelled.
 *   D2. Which ones fire depends on `nowMs` alone. There is no position in time to be moved, so a clock that is set forward or
 *       back can neither lose a deadline nor let one fire early.
 *   D3. Deadlines fire in the order of their times.
 *   D4. A handle stays dead once it fired or was cancelled, also when its place is used again.
 *   D5. Cancelling marks; marked entries are swept out when they are more than the living, so the heap is never longer than
 *       twice what waits (and `MIN_SWEEP`), and a sweep costs each cancellation a constant share.
 *
 * 16 bytes an entry of the heap, 8 a place.
 */
export class DeadlineHeap {
  // Heap order. A dead entry is one whose run is not its place's.
  #at = new Float64Array(FIRST_CAPACITY);
  #place = new Int32Array(FIRST_CAPACITY);
  #run = new Uint32Array(FIRST_CAPACITY);
  #length = 0;
  // By place. An odd run is in use; it rises by one when it is taken and when it is freed.
  #runs = new Uint32Array(FIRST_CAPACITY);
  #nextFree = new Int32Array(FIRST_CAPACITY);
  #free = -1;
  #places = 0;
  #size = 0;

  /** How many wait. */
  get size(): number {
    return this.#size;
  }

  /** Bytes of the arrays behind it. */
  get bytes(): number {
    const { byteLength } = this.#at;
    const byPlace = this.#runs.byteLength + this.#nextFree.byteLength;
    return byteLength + this.#place.byteLength + this.#run.byteLength + byPlace;
  }

  /** The earliest deadline, in wall ms; undefined when none waits. */
  get nextMs(): number | undefined {
    this.#dropDeadTop();
    return this.#length === 0 ? undefined : this.#at[0];
  }

  /** Adds a deadline. Throws `RangeError` past `MAX_DEADLINES`, and for a time that is no finite number. */
  insert(atMs: number): DeadlineHandle {
    if (!Number.isFinite(atMs)) throw new RangeError(`no time: ${atMs}`);
    if (this.#length > MIN_SWEEP && this.#length > 2 * this.#size) this.#sweep();
    const place = this.#takePlace();
    const run = this.#runs[place] ?? 0;
    if (this.#length === this.#at.length) this.#growHeap();
    this.#siftUp(this.#length++, atMs, place, run);
    this.#size++;
    return run * MAX_DEADLINES + place;
  }

  /** Whether it still waits. */
  has(handle: DeadlineHandle): boolean {
    const place = handle % MAX_DEADLINES;
    const run = (handle - place) / MAX_DEADLINES;
    return place < this.#places && this.#runs[place] === run && (run & 1) === 1;
  }

  /** The deadline that is in `place` now: see `placeOf`. */
  handleAt(place: number): DeadlineHandle {
    return (this.#runs[place] ?? 0) * MAX_DEADLINES + place;
  }

  /** Takes a deadline out; whether it still waited. */
  cancel(handle: DeadlineHandle): boolean {
    if (!this.has(handle)) return false;
    this.#freePlace(handle % MAX_DEADLINES);
    return true;
  }

  /**
   * Fires what is due at `nowMs`, at most `max`; how many that were. `fire` may insert and cancel; what it inserts and is due
   * already fires in the same round.
   */
  advance(nowMs: number, fire: (handle: DeadlineHandle, atMs: number) => void, max = Infinity): number {
    let fired = 0;
    while (fired < max) {
      const atMs = this.nextMs;
      if (atMs === undefined || atMs > nowMs) break;
      const place = this.#place[0] ?? 0;
      const handle = (this.#run[0] ?? 0) * MAX_DEADLINES + place;
      this.#freePlace(place);
      this.#dropTop();
      fired++;
      fire(handle, atMs);
    }
    return fired;
  }

  #takePlace(): number {
    let place = this.#free;
    if (place >= 0) this.#free = this.#nextFree[place] ?? -1;
    else {
      place = this.#places;
      if (place === MAX_DEADLINES) throw new RangeError(`more than ${MAX_DEADLINES} deadlines`);
      if (place === this.#runs.length) {
        this.#runs = grown(this.#runs, Uint32Array);
        this.#nextFree = grown(this.#nextFree, Int32Array);
      }
      this.#places++;
    }
    this.#runs[place] = ((this.#runs[place] ?? 0) + 1) % 2 ** 28;
    return place;
  }

  #freePlace(place: number): void {
    this.#runs[place] = ((this.#runs[place] ?? 0) + 1) % 2 ** 28;
    this.#nextFree[place] = this.#free;
    this.#free = place;
    this.#size--;
  }

  #growHeap(): void {
    this.#at = grown(this.#at, Float64Array);
    this.#place = grown(this.#place, Int32Array);
    this.#run = grown(this.#run, Uint32Array);
  }

  #dropDeadTop(): void {
    while (this.#length > 0 && this.#runs[this.#place[0] ?? 0] !== this.#run[0]) this.#dropTop();
  }

  #dropTop(): void {
    const last = --this.#length;
    if (last > 0) this.#siftDown(0, this.#at[last] ?? 0, this.#place[last] ?? 0, this.#run[last] ?? 0);
  }

  /** Keeps the living and builds the heap anew (Floyd: linear). */
  #sweep(): void {
    let kept = 0;
    for (let i = 0; i < this.#length; i++) {
      if (this.#runs[this.#place[i] ?? 0] === this.#run[i]) this.#copy(i, kept++);
    }
    this.#length = kept;
    for (let i = Math.floor((kept - 2) / ARITY); i >= 0; i--) {
      this.#siftDown(i, this.#at[i] ?? 0, this.#place[i] ?? 0, this.#run[i] ?? 0);
    }
  }

  #siftUp(from: number, atMs: number, place: number, run: number): void {
    let index = from;
    while (index > 0) {
      const parent = (index - 1) >> 2;
      if ((this.#at[parent] ?? 0) <= atMs) break;
      this.#copy(parent, index);
      index = parent;
    }
    this.#put(index, atMs, place, run);
  }

  #siftDown(from: number, atMs: number, place: number, run: number): void {
    const at = this.#at;
    const length = this.#length;
    let index = from;
    for (let child = index * ARITY + 1; child < length; child = index * ARITY + 1) {
      let first = child;
      let firstAt = at[child] ?? 0;
      const end = Math.min(child + ARITY, length);
      for (let other = child + 1; other < end; other++) {
        const otherAt = at[other] ?? 0;
        if (otherAt < firstAt) {
          first = other;
          firstAt = otherAt;
        }
      }
      if (firstAt >= atMs) break;
      this.#copy(first, index);
      index = first;
    }
    this.#put(index, atMs, place, run);
  }

  #copy(from: number, to: number): void {
    this.#put(to, this.#at[from] ?? 0, this.#place[from] ?? 0, this.#run[from] ?? 0);
  }

  #put(index: number, atMs: number, place: number, run: number): void {
    this.#at[index] = atMs;
    this.#place[index] = place;
    this.#run[index] = run;
  }
}

/** A copy half as long again, so that what is not used is at most a third. */
function grown<T extends Float64Array | Int32Array | Uint32Array>(old: T, make: new (length: number) => T): T {
  const bigger = new make(Math.ceil(old.length * 1.5));
  bigger.set(old);
  return bigger;
}
