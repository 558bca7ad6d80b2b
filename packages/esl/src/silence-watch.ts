// Watchdog of a quiet connection. FreeSWITCH sends HEARTBEAT every 20 s, so silence beyond that is a sign of trouble.
//   W1. Without traffic for silenceLimitMs the other side is probed once.
//   W2. Without traffic for probeLimitMs after the probe it is declared dead, once; any traffic before that clears it.
//   W3. While stopped it does nothing: silence that we cause by not reading is not the other side's.
import type { Clock, Timer } from '@parkade/clock';

export interface SilenceLimits {
  /** Quiet time after which the other side is probed, in milliseconds. */
  silenceLimitMs: number;
  /** Time the other side then has to show any sign of life, in milliseconds. */
  probeLimitMs: number;
}

export const DEFAULT_SILENCE_LIMITS: SilenceLimits = { silenceLimitMs: 25_000, probeLimitMs: 5_000 };

export interface SilenceActions {
  probe(): void;
  dead(): void;
}

export class SilenceWatch {
  readonly #clock: Clock;
  readonly #limits: SilenceLimits;
  readonly #actions: SilenceActions;
  #lastMs = 0;
  /** Counts signs of life: the clock may stand still between a probe and its answer. */
  #touches = 0;
  #timer: Timer | undefined;

  constructor(clock: Clock, limits: SilenceLimits, actions: SilenceActions) {
    this.#clock = clock;
    this.#limits = limits;
    this.#actions = actions;
  }

  /** Starts, or starts over: the quiet time counts from now. */
  start(): void {
    this.stop();
    this.touch();
    this.#arm(this.#limits.silenceLimitMs, () => this.#onQuiet());
  }

  /** There was traffic. Cheap: no timer is set. */
  touch(): void {
    this.#lastMs = this.#clock.monotonicMs();
    this.#touches++;
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #onQuiet(): void {
    const leftMs = this.#lastMs + this.#limits.silenceLimitMs - this.#clock.monotonicMs();
    if (leftMs > 0) return this.#arm(leftMs, () => this.#onQuiet());
    const touches = this.#touches;
    this.#arm(this.#limits.probeLimitMs, () => this.#onProbed(touches));
    this.#actions.probe();
  }

  #onProbed(touchesBefore: number): void {
    if (this.#touches !== touchesBefore) return this.#onQuiet();
    this.stop();
    this.#actions.dead();
  }

  #arm(delayMs: number, fn: () => void): void {
    this.#timer = this.#clock.setTimer(delayMs, fn);
  }
}
