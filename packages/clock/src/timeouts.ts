import type { Clock, Timer } from './clock.js';

/** One that waits, until it is removed or its time is over. */
export interface Timeout {
  readonly atMs: number;
  readonly expired: () => void;
  /** Where it stands among those that wait; -1: it does not. */
  place: number;
}

/**
 * Many time limits, one timer: a timer for each publish, set and cancelled twice, cost 8 µs of the 50 a publish took.
 *
 *   T1. Whoever is not removed is told once, no earlier than its time (monotonic ms).
 *   T2. The timer runs only while somebody waits.
 */
export class Timeouts {
  /** In no order: whoever goes has the last one take the place. A `Set` would keep what comes and goes; see `FleetingMap`. */
  readonly #waiting: Timeout[] = [];
  #timer: Timer | undefined;
  #armedForMs = Infinity;

  constructor(readonly clock: Clock) {}

  add(atMs: number, expired: () => void): Timeout {
    const timeout = { atMs, expired, place: this.#waiting.length };
    this.#waiting.push(timeout);
    if (atMs < this.#armedForMs) this.#arm(atMs);
    return timeout;
  }

  remove(timeout: Timeout): void {
    const { place } = timeout;
    if (place < 0) return;
    timeout.place = -1;
    const last = this.#waiting.pop();
    if (last !== undefined && last !== timeout) {
      this.#waiting[place] = last;
      last.place = place;
    }
    if (this.#waiting.length === 0) this.#disarm();
  }

  /**
   * What `task` comes to, unless its time is over before; then it rejects with what `late` makes. `settled` is called when the
   * task itself has ended, be it in time or not.
   */
  within<T>(task: Promise<T>, atMs: number, late: () => Error, settled: () => void = () => undefined): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const timeout = this.add(atMs, () => reject(late()));
      task.then(
        (value) => {
          this.remove(timeout);
          settled();
          resolve(value);
        },
        (error: unknown) => {
          this.remove(timeout);
          settled();
          reject(error instanceof Error ? error : new Error(String(error)));
        },
      );
    });
  }

  #arm(atMs: number): void {
    this.#timer?.cancel();
    this.#armedForMs = atMs;
    this.#timer = this.clock.setTimer(Math.max(0, atMs - this.clock.monotonicMs()), () => this.#fire());
  }

  #disarm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#armedForMs = Infinity;
  }

  #fire(): void {
    this.#disarm();
    const nowMs = this.clock.monotonicMs();
    const over = this.#waiting.filter(({ atMs }) => atMs <= nowMs).sort((a, b) => a.atMs - b.atMs);
    for (const timeout of over) this.remove(timeout);
    let nextMs = Infinity;
    for (const { atMs } of this.#waiting) nextMs = Math.min(nextMs, atMs);
    if (nextMs < Infinity) this.#arm(nextMs);
    for (const { expired } of over) expired();
  }
}
