import type { Clock } from '@parkade/clock';

/** At most this many may wait at once; one more is told at once that the revision has not come. */
export const MAX_WAITERS = 10_000;

/** Those who wait for a revision to be seen. */
export class RevisionWaiters {
  readonly #waiting = new Set<{ readonly revision: number; readonly done: (seen: boolean) => void }>();

  constructor(private readonly clock: Clock) {}

  /** Resolves to true once `seen` was told the revision, to false after `timeoutMs` or when there are too many waiting. */
  wait(revision: number, timeoutMs: number): Promise<boolean> {
    if (this.#waiting.size >= MAX_WAITERS || timeoutMs <= 0) return Promise.resolve(false);
    return new Promise((resolve) => {
      const waiter = {
        revision,
        done: (seen: boolean): void => {
          timer.cancel();
          this.#waiting.delete(waiter);
          resolve(seen);
        },
      };
      const timer = this.clock.setTimer(timeoutMs, () => waiter.done(false));
      this.#waiting.add(waiter);
    });
  }

  /** Everything up to `revision` was seen. */
  seen(revision: number): void {
    for (const waiter of this.#waiting) if (waiter.revision <= revision) waiter.done(true);
  }

  /** Nothing more will be seen. */
  end(): void {
    for (const waiter of this.#waiting) waiter.done(false);
  }
}
