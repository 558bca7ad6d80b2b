import type { Clock, Timer } from '@parkade/clock';

/** After so many failures in a row the bus counts as away: one publish at a time tries whether it is back. */
const FAILURES_TILL_AWAY = 8;

export interface PacingConfig {
  readonly maxInFlight: number;
  readonly retryFirstMs: number;
  readonly retryMaxMs: number;
}

/**
 * How many publishes may be under way, and when what failed is tried again.
 *
 *   P1. One timer for all that wait; its delay doubles with every round that fails and starts over with a success.
 *   P2. While the bus is away and the timer runs, nothing is sent: a long queue does not spin.
 */
export class Pacing {
  inFlight = 0;
  #failures = 0;
  #rounds = 0;
  #timer: Timer | undefined;

  constructor(
    readonly config: PacingConfig,
    readonly clock: Clock,
    readonly onRetry: () => void,
  ) {}

  get away(): boolean {
    return this.#failures >= FAILURES_TILL_AWAY;
  }

  /** Whether one more may be sent now. */
  get open(): boolean {
    if (!this.away) return this.inFlight < this.config.maxInFlight;
    return this.#timer === undefined && this.inFlight === 0;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#rounds = 0;
  }

  failed(): void {
    this.#failures++;
    if (this.#timer !== undefined) return;
    const delayMs = Math.min(this.config.retryFirstMs * 2 ** Math.min(this.#rounds++, 20), this.config.retryMaxMs);
    this.#timer = this.clock.setTimer(delayMs, () => this.#fire());
  }

  /** The bus says that it is back: whatever waits is tried at once. */
  reset(): void {
    this.succeeded();
    if (this.#timer === undefined) return;
    this.#timer.cancel();
    this.#fire();
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #fire(): void {
    this.#timer = undefined;
    this.onRetry();
  }
}
