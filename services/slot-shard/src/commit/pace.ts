/** With so many operations a transaction is as good as full: the rest of its 128 would be waited for in vain. */
export const FULL_OPERATIONS = 124;

/** So long what waits beside a transaction under way lets the next one fill: a few times what one takes. */
const PATIENCE_MS = 10;

/** So long those who were just answered have for their next command. */
const GATHER_MS = 3;

/** Of those who were answered by the last transaction so many are waited for: not all of them come back, ... */
const EXPECTED_SHARE = 0.75;
/** ... and where they were this few, none. */
const FEW = 3;

/** What waits to be written. */
export interface Waiting {
  readonly writes: number;
  /** Whether they fill a transaction. */
  readonly full: boolean;
  /** Since when the first of it waits, monotonic ms. */
  readonly sinceMs: number;
  /** Transactions under way. */
  readonly underWay: number;
}

/**
 * When a transaction leaves. One costs 1 ms of CPU here and at etcd whatever is in it, a write in it 20 µs: small ones beside each
 * other left 3 writes in each where one after the other has 60.
 *
 *   P1. Where nothing is under way and nobody was answered just now, a write leaves at once.
 *   P2. Nothing waits longer than `PATIENCE_MS` for others to come.
 */
export class Pace {
  #expected = 0;
  #answeredMs = -Infinity;

  /** A transaction with so many writes was answered. */
  answered(nowMs: number, writes: number): void {
    this.#expected = writes <= FEW ? 0 : writes * EXPECTED_SHARE;
    this.#answeredMs = nowMs;
  }

  /** How long what waits goes on waiting for more; 0 or less: it leaves now. */
  leftMs(nowMs: number, { writes, full, sinceMs, underWay }: Waiting): number {
    if (full) return 0;
    if (underWay > 0) return sinceMs + PATIENCE_MS - nowMs;
    return writes >= this.#expected ? 0 : this.#answeredMs + GATHER_MS - nowMs;
  }
}
