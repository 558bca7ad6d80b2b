/** Seconds: from what a batched command takes on an idle machine to the longest a client waits. */
export const LATENCY_BUCKETS: number[] = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Seconds after a deadline: the bar is 30 ms, a takeover takes up to a lease. */
export const LATENESS_BUCKETS: number[] = [0.001, 0.005, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30];

/** Operations in one transaction; a transaction holds 128 at most. */
export const BATCH_BUCKETS: number[] = [1, 2, 4, 8, 16, 32, 64, 96, 128];
