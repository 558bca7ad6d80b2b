import type { Clock, Random } from '@parkade/clock';
import { backOffMs } from './back-off.js';

/** Which things failed lately and when each may be tried again; as many as there are partitions. */
export class RetryTable<K> {
  readonly #failures = new Map<K, { attempt: number; atMs: number }>();

  constructor(
    private readonly clock: Clock,
    private readonly random: Random,
    private readonly minMs: number,
    private readonly maxMs: number,
  ) {}

  failed(key: K): void {
    const attempt = (this.#failures.get(key)?.attempt ?? -1) + 1;
    const atMs = this.clock.monotonicMs() + backOffMs(attempt, this.minMs, this.maxMs, this.random);
    this.#failures.set(key, { attempt, atMs });
  }

  succeeded(key: K): void {
    this.#failures.delete(key);
  }

  /** Monotonic ms of the next try; 0 when it did not fail. */
  dueMs(key: K): number {
    return this.#failures.get(key)?.atMs ?? 0;
  }

  clear(): void {
    this.#failures.clear();
  }
}
