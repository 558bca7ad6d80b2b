/** With so many operations a transaction is as good as full: the rest of its 128 would be waited for in vain. */
export const FULL_OPERATIONS = 124;

/** So long what waits lets the next transaction fill, at most: a few times what one takes. */
const PATIENCE_MS = 10;

/** So long those who were just answered have for their next command. */
const GATHER_MS = 3;

/** Of those who were answered by the last transaction so many are waited for: not all of them come back, ... */
const EXPECTED_SHARE = 0.75;
/** ... and where they were this few, none. */
const FEW = 3;

/**
 * From one transaction to the next at least, where the first held `n` writes: (n - 1) of this, ... With 2,000 unary calls a second on
 * two cores so 20 writes share a transaction instead of 12, and etcd costs a call 111 µs instead of 139 (measured together with what is
 * told later: `TELL_MS` of the publisher).
 */
const SPACING_PER_WRITE_MS = 2.5;
/** ... up to this. */
const SPACING_MS = 8;

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
 *   P1. Where nothing is under way and no transaction of several writes left just now, a write leaves at once.
 *   P2. Nothing waits longer than `PATIENCE_MS` for others to come.
 *   P3. Where most of those are back who were answered by the last transaction, the next one leaves.
 */
export class Pace {
  #sentMs = -Infinity;
  #spacingMs = 0;
  #answeredMs = -Infinity;
  #expected = 0;
  /** What waited already when the last transaction was answered. */
  #before = 0;

  /** A transaction with so many writes leaves. */
  sent(nowMs: number, writes: number): void {
    this.#sentMs = nowMs;
    this.#spacingMs = Math.min(SPACING_MS, (writes - 1) * SPACING_PER_WRITE_MS);
  }

  /** A transaction with so many writes was answered, while others waited. */
  answered(nowMs: number, writes: number, waiting: number): void {
    this.#answeredMs = nowMs;
    this.#expected = writes <= FEW ? 0 : writes * EXPECTED_SHARE;
    this.#before = waiting;
  }

  /** How long what waits goes on waiting for more; 0 or less: it leaves now. */
  leftMs(nowMs: number, { writes, full, sinceMs, underWay }: Waiting): number {
    if (full) return 0;
    const patienceMs = sinceMs + PATIENCE_MS - nowMs;
    if (underWay > 0) return patienceMs;
    const spacedMs = this.#sentMs + this.#spacingMs - nowMs;
    if (this.#expected === 0) return Math.min(patienceMs, spacedMs);
    if (writes - this.#before >= this.#expected) return 0;
    return Math.min(patienceMs, Math.max(spacedMs, this.#answeredMs + GATHER_MS - nowMs));
  }
}
