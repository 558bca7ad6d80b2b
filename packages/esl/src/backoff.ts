/** How long to wait before the next attempt to connect. */
export interface BackoffConfig {
  /** Wait after the first failure, in milliseconds, before jitter. */
  firstMs: number;
  /** Longest wait, in milliseconds. */
  maxMs: number;
}

export const DEFAULT_BACKOFF: BackoffConfig = { firstMs: 250, maxMs: 10_000 };

/**
 * The wait after `failures` attempts in a row that failed (1 for the first): doubling from `firstMs` to `maxMs`, of
 * which a random half is taken off so that a cluster does not knock all at once.
 *
 * @param chance a float in [0, 1).
 */
export function backoffMs(config: BackoffConfig, failures: number, chance: number): number {
  const fullMs = Math.min(config.maxMs, config.firstMs * 2 ** Math.min(Math.max(0, failures - 1), 30));
  return fullMs * (1 - chance / 2);
}
