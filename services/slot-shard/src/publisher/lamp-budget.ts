/** So many lamps leave at once, and so many a second after that; what is more lingers. */
const BURST = 128;
const PER_SECOND = 400;

/**
 * A lamp lingers this long at most, for what becomes of its slot meanwhile. With what its telling takes it stays below a second, which
 * `parkade_publish_lag_seconds` has a bucket for: the alert that lamps are late begins at two.
 */
export const LINGER_MS = 800;

/**
 * Which lamps leave at once. A lamp costs 35 µs of CPU at the owner and the server together, as much as all else of a command. Where
 * calls come and go faster than this, what waits is told as it is a second later, and not at all where that is what was told before: so
 * the lamps of slots that change all the time cost 2 µs a command, however many commands there are.
 *
 *   G1. Whatever there is to do, no lamp lingers longer than `LINGER_MS`, and below `PER_SECOND` none does.
 */
export class LampBudget {
  #left = BURST;
  #atMs = 0;

  /** Whether a lamp may leave now; each yes counts. `nowMs`: monotonic. */
  take(nowMs: number): boolean {
    this.#left = Math.min(BURST, this.#left + ((nowMs - this.#atMs) * PER_SECOND) / 1_000);
    this.#atMs = nowMs;
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }
}
