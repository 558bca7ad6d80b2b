// Looks again and again, never twice at a time.
//   O1. The next round is at the earliest time that anybody has asked for; it asks for its successor itself.
//   O2. A round that is asked for while one runs comes after it.
import type { Clock, Timer } from '@parkade/clock';

export class Rounds {
  #timer: Timer | undefined;
  #dueMs = Infinity;
  #running = false;
  #ended = false;

  /** @param round does one round and answers in how many ms the next one is due. */
  constructor(
    private readonly clock: Clock,
    private readonly round: () => Promise<number>,
    private readonly onDefect: (error: unknown) => void,
  ) {}

  /** A round is wanted in `delayMs`, or before. */
  within(delayMs: number): void {
    const dueMs = this.clock.monotonicMs() + delayMs;
    if (this.#ended || dueMs >= this.#dueMs) return;
    this.#dueMs = dueMs;
    this.#timer?.cancel();
    if (!this.#running) this.#timer = this.clock.setTimer(delayMs, () => void this.now());
  }

  /** Does a round at once, unless one runs: then after it. Never rejects. */
  async now(): Promise<void> {
    if (this.#running) return this.within(0);
    this.pause();
    if (this.#ended) return;
    this.#running = true;
    let nextMs = Infinity;
    try {
      nextMs = await this.round();
    } catch (error) {
      this.onDefect(error);
    }
    this.#running = false;
    const askedMs = this.#dueMs - this.clock.monotonicMs();
    this.#dueMs = Infinity;
    const delayMs = Math.max(0, Math.min(nextMs, askedMs));
    if (delayMs !== Infinity) this.within(delayMs);
  }

  /** No round until somebody asks for one again. */
  pause(): void {
    this.#timer?.cancel();
    this.#dueMs = Infinity;
  }

  end(): void {
    this.#ended = true;
    this.pause();
  }
}
