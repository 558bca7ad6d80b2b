import type { Clock } from '@parkade/clock';

/** Settles as `work` does, or rejects after `timeoutMs`; what `work` does later is ignored. */
export function within<T>(clock: Clock, timeoutMs: number, what: string, work: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimer(timeoutMs, () => reject(new Error(`${what} took longer than ${timeoutMs} ms`)));
    // Also what it throws at once becomes a rejection.
    Promise.resolve()
      .then(work)
      .then(resolve, reject)
      .finally(() => timer.cancel());
  });
}
