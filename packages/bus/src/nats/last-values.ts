import { BusError } from '../bus.js';
import type { Deadline } from './deadline.js';
import { RecentMap } from './recent-map.js';

/** Where a subject's last message stands. */
export interface Place {
  readonly sequence: number;
  readonly version: number;
}

/** What is asked of the server that keeps the last values. */
export interface LastValueServer {
  /** The place of the subject's last message; undefined where there is none. May be out of date. */
  read(subject: string, timeoutMs: number): Promise<Place | undefined>;
  /**
   * Stores a message if the subject's last one still has the sequence `expected` (0: there is none); resolves to its
   * sequence, or to `'moved'` where that is no longer so.
   */
  write(
    subject: string,
    payload: Uint8Array,
    version: number,
    expected: number,
    deadline: Deadline,
  ): Promise<number | 'moved'>;
}

/** Subjects whose place is remembered; another one that has a last value costs a refused write and a read. */
export const REMEMBERED_PLACES = 131_072;
/** How often another publisher may come first before a call gives up. */
export const MOST_ATTEMPTS = 64;

const NOTHING: Place = { sequence: 0, version: -1 };

/**
 * Publishes last values by compare-and-set, so that versions only rise (B2).
 *
 *   V1. A message is written only where nothing is, or over a place that was seen to have a lower version, and the server compares
 *       the place's sequence: a write that lost a race, or guessed wrong, changes nothing.
 *   V2. What is remembered may be out of date; then the write is refused and the place is read. Nothing is refused to a
 *       caller on memory alone.
 *   V3. Calls of one subject go one after another, so that they do not race each other; other subjects do not wait.
 *
 * V1 rests on sequences not being used twice: whoever learns that the stream was lost calls `forgetAll` before publishing.
 */
export class LastValues {
  readonly #places: RecentMap<string, Place>;
  /** Those who wait for their turn, by subject; every subject with a call under way is here. */
  readonly #turns = new Map<string, (() => void)[]>();

  constructor(
    private readonly server: LastValueServer,
    capacity = REMEMBERED_PLACES,
  ) {
    this.#places = new RecentMap(capacity);
  }

  /** Stores `payload` unless the same or a higher version stands there. Says whether it did. */
  async publish(subject: string, payload: Uint8Array, version: number, deadline: Deadline): Promise<boolean> {
    const waiting = this.#turns.get(subject);
    if (waiting === undefined) this.#turns.set(subject, []);
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await this.#attempt(subject, payload, version, deadline);
    } finally {
      const next = this.#turns.get(subject)?.shift();
      if (next === undefined) this.#turns.delete(subject);
      else next();
    }
  }

  /** Drops all that is remembered. */
  forgetAll(): void {
    this.#places.clear();
  }

  async #attempt(subject: string, payload: Uint8Array, version: number, deadline: Deadline): Promise<boolean> {
    // Of what is not remembered there is nothing, most often: to write that first, and read where it is refused, takes half of the
    // 120 µs that reading first took owner and server together.
    let place: Place | undefined = this.#places.get(subject) ?? NOTHING;
    // Until it is known how this ends, nothing is known about the place.
    this.#places.delete(subject);
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
      if (place === undefined || place.version >= version) {
        place = (await this.server.read(subject, deadline.leftMs())) ?? NOTHING;
      }
      if (place.version >= version) {
        this.#places.set(subject, place);
        return false;
      }
      const written = await this.server.write(subject, payload, version, place.sequence, deadline);
      if (written !== 'moved') {
        this.#places.set(subject, { sequence: written, version });
        return true;
      }
      place = undefined;
    }
    throw new BusError('unavailable', `${subject} was changed by others ${MOST_ATTEMPTS} times in a row`);
  }
}
