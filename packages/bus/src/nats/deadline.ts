import type { Clock } from '@parkade/clock';
import { BusError } from '../bus.js';

/** How long a call may take when it does not say, in milliseconds. */
export const DEFAULT_TIMEOUT_MS = 5_000;

/** The end of a call's time, on the monotonic clock. */
export class Deadline {
  readonly #atMs: number;

  constructor(
    private readonly clock: Clock,
    private readonly timeoutMs: number,
  ) {
    this.#atMs = clock.monotonicMs() + timeoutMs;
  }

  /** Milliseconds left, at least 1; throws `timeout` when there are none. */
  leftMs(): number {
    const leftMs = this.#atMs - this.clock.monotonicMs();
    if (leftMs <= 0) throw this.#timeout();
    return Math.max(1, Math.ceil(leftMs));
  }

  /** Whether less than `marginMs` is left. */
  passed(marginMs: number): boolean {
    return this.#atMs - this.clock.monotonicMs() < marginMs;
  }

  /** What `task` comes to, or `timeout` once the time is over; the task itself sees that when it next asks `leftMs`. */
  within<T>(task: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const timer = this.clock.setTimer(this.#atMs - this.clock.monotonicMs(), () => reject(this.#timeout()));
      void task.then(resolve, reject).finally(() => timer.cancel());
    });
  }

  #timeout(): BusError {
    return new BusError('timeout', `no answer from the bus within ${this.timeoutMs} ms`);
  }
}
