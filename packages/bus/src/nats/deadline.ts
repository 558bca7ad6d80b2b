import type { Clock } from '@parkade/clock';
import { BusError } from '../bus.js';

/** How long a call may take when it does not say, in milliseconds. */
export const DEFAULT_TIMEOUT_MS = 5_000;

/** The end of a call's time, on the monotonic clock. */
export class Deadline {
  /** When it is over, monotonic ms. */
  readonly atMs: number;

  constructor(
    private readonly clock: Clock,
    private readonly timeoutMs: number,
  ) {
    this.atMs = clock.monotonicMs() + timeoutMs;
  }

  /** Milliseconds left, at least 1; throws `timeout` when there are none. */
  leftMs(): number {
    const leftMs = this.atMs - this.clock.monotonicMs();
    if (leftMs <= 0) throw this.late();
    return Math.max(1, Math.ceil(leftMs));
  }

  /** Itself; throws `timeout` when it is over. */
  inTime(): this {
    this.leftMs();
    return this;
  }

  /** Whether less than `marginMs` is left. */
  passed(marginMs: number): boolean {
    return this.atMs - this.clock.monotonicMs() < marginMs;
  }

  /** What a call whose time is over rejects with. */
  late(): BusError {
    return new BusError('timeout', `no answer from the bus within ${this.timeoutMs} ms`);
  }
}
