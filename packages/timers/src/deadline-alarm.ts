import type { Clock, Timer } from '@parkade/clock';

/** What an alarm watches over. */
export interface Deadlines {
  /** The earliest deadline, in wall ms; undefined when none waits. */
  readonly nextMs: number | undefined;
  /** Fires what is due at `nowMs`, at most `max`; how many that were. */
  advance(nowMs: number, max: number): number;
}

/** The wall clock is looked at this often at least, so that a step forward is noticed this soon. */
export const MAX_SLEEP_MS = 500;

/** At most this many deadlines fire in one turn of the event loop. */
const MAX_TURN = 1_000;

/**
 * Lets deadlines in wall time fire, by timers that count monotonic time.
 *
 *   A1. Before anything fires the wall clock is asked: a timer only says when to look. A clock that was set back makes the
 *       alarm look too early, which fires nothing; one that was set forward is noticed after `MAX_SLEEP_MS`.
 *   A2. At most one timer runs at a time.
 *   A3. What is due in great numbers fires in turns of `MAX_TURN`, so that the event loop is never held for long.
 */
export class DeadlineAlarm {
  #timer: Timer | undefined;
  /** Monotonic ms the timer fires at. */
  #wakeAtMs = Infinity;
  #closed = false;

  constructor(
    private readonly deadlines: Deadlines,
    private readonly clock: Clock,
  ) {}

  /** To be called when the earliest deadline may have become earlier; `nextMs`: the one it may be, where that is known. */
  changed(nextMs = this.deadlines.nextMs): void {
    if (nextMs === undefined || this.#closed) return;
    const delayMs = Math.min(MAX_SLEEP_MS, Math.max(0, nextMs - this.clock.nowMs()));
    const wakeAtMs = this.clock.monotonicMs() + delayMs;
    if (wakeAtMs >= this.#wakeAtMs) return;
    this.#timer?.cancel();
    this.#wakeAtMs = wakeAtMs;
    this.#timer = this.clock.setTimer(delayMs, () => this.#look());
  }

  /** Fires nothing any more. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  #look(): void {
    this.#wakeAtMs = Infinity;
    this.deadlines.advance(this.clock.nowMs(), MAX_TURN);
    this.changed();
  }
}
