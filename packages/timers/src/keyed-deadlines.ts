import { DeadlineHeap, placeOf } from './deadline-heap.js';

/**
 * Deadlines found by a key, at most one a key.
 *
 *   K1. A key waits for the time it was given last, or for none.
 *   K2. What fires is gone before `fire` hears of it, so `fire` may set its key again.
 */
export class KeyedDeadlines<Key> {
  readonly #heap = new DeadlineHeap();
  /** The place of each key: a small integer, so that it costs one word in the map. */
  readonly #places = new Map<Key, number>();
  readonly #keys: (Key | undefined)[] = [];

  get size(): number {
    return this.#places.size;
  }

  /** The earliest deadline, in wall ms; undefined when none waits. */
  get nextMs(): number | undefined {
    return this.#heap.nextMs;
  }

  /** Whether `key` waits. */
  has(key: Key): boolean {
    return this.#places.has(key);
  }

  /** Lets `key` wait for `atMs` (wall), and for no other time. Throws as `DeadlineHeap.insert`. */
  set(key: Key, atMs: number): void {
    this.delete(key);
    const place = placeOf(this.#heap.insert(atMs));
    this.#places.set(key, place);
    this.#keys[place] = key;
  }

  /** Lets `key` wait no more; whether it did. */
  delete(key: Key): boolean {
    const place = this.#places.get(key);
    if (place === undefined) return false;
    this.#places.delete(key);
    this.#keys[place] = undefined;
    return this.#heap.cancel(this.#heap.handleAt(place));
  }

  /** Fires what is due at `nowMs` (wall), at most `max`; how many that were. */
  advance(nowMs: number, fire: (key: Key, atMs: number) => void, max = Infinity): number {
    return this.#heap.advance(
      nowMs,
      (handle, atMs) => {
        const key = this.#keys[placeOf(handle)];
        if (key === undefined) return;
        this.#keys[placeOf(handle)] = undefined;
        this.#places.delete(key);
        fire(key, atMs);
      },
      max,
    );
  }
}
