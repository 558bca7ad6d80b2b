import type { Pending } from './pending.js';

/** So many may wait before it is asked whose time is over. */
const FEW = 64;

/**
 * Commands that wait until their shard serves.
 *
 *   G1. Of those that wait at most half, and `FEW` more, are late: whoever's time is over takes up room that the whole process shares, and
 *       while one shard cannot be read others are to be served.
 */
export class Backlog {
  #waiting: Pending[] = [];
  #nextLook = FEW;

  /** Adds one; tells those whose time is over by now, who wait no more. */
  push(pending: Pending, nowMs: number): readonly Pending[] {
    this.#waiting.push(pending);
    if (this.#waiting.length < this.#nextLook) return [];
    const late = this.#waiting.filter(({ deadlineMs }) => deadlineMs <= nowMs);
    if (late.length > 0) this.#waiting = this.#waiting.filter(({ deadlineMs }) => deadlineMs > nowMs);
    this.#nextLook = 2 * this.#waiting.length + FEW;
    return late;
  }

  /** Puts these before all others. */
  prepend(pendings: readonly Pending[]): void {
    this.#waiting = [...pendings, ...this.#waiting];
  }

  /** All; they wait here no more. */
  take(): readonly Pending[] {
    const taken = this.#waiting;
    this.#waiting = [];
    this.#nextLook = FEW;
    return taken;
  }
}
