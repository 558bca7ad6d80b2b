import type { Clock, Timer } from '@parkade/clock';

/** Time is cut into ticks of this length: a deadline is told at most this much late. */
export const TICK_MS = 20;

/**
 * Many deadlines, one timer.
 *
 *   W1. An id is told once, no earlier than its deadline.
 *   W2. Nothing is removed: who is done before its deadline is told all the same, and its listener knows better. That keeps an
 *       id at the price of a number until its deadline.
 *   W3. The timer runs only while ids wait.
 */
export class DeadlineWheel {
  readonly #ticks = new Map<number, number[]>();
  #passed = 0;
  #timer: Timer | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly expired: (id: number) => void,
  ) {}

  /** Tells `id` at `atMs` (monotonic). */
  add(id: number, atMs: number): void {
    if (this.#timer === undefined) {
      this.#passed = this.#tickNow();
      this.#arm();
    }
    const tick = Math.max(this.#passed + 1, Math.ceil(atMs / TICK_MS));
    const ids = this.#ticks.get(tick);
    if (ids === undefined) this.#ticks.set(tick, [id]);
    else ids.push(id);
  }

  close(): void {
    this.#timer?.cancel();
    this.#ticks.clear();
  }

  #tickNow(): number {
    return Math.floor(this.clock.monotonicMs() / TICK_MS);
  }

  #arm(): void {
    this.#timer = this.clock.setTimer((this.#passed + 1) * TICK_MS - this.clock.monotonicMs(), () => this.#turn());
  }

  #turn(): void {
    const now = this.#tickNow();
    while (this.#passed < now) {
      this.#passed++;
      const ids = this.#ticks.get(this.#passed);
      if (ids === undefined) continue;
      this.#ticks.delete(this.#passed);
      for (const id of ids) this.expired(id);
    }
    this.#timer = undefined;
    if (this.#ticks.size > 0) this.#arm();
  }
}
