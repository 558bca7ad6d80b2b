import type { Clock, Timer } from '@parkade/clock';

/** A clock whose timers and turns wait while its process is paused; time itself goes on. */
export class PausableClock implements Clock {
  #paused = false;
  #waiting: (() => void)[] = [];

  constructor(private readonly inner: Clock) {}

  set paused(paused: boolean) {
    this.#paused = paused;
    if (!paused) for (const fn of this.#waiting.splice(0)) fn();
  }

  nowMs(): number {
    return this.inner.nowMs();
  }

  monotonicMs(): number {
    return this.inner.monotonicMs();
  }

  setTimer(delayMs: number, fn: () => void): Timer {
    let cancelled = false;
    const timer = this.inner.setTimer(delayMs, () =>
      this.#run(() => {
        if (!cancelled) fn();
      }),
    );
    return {
      cancel: () => {
        cancelled = true;
        timer.cancel();
      },
    };
  }

  defer(fn: () => void): void {
    this.inner.defer(() => this.#run(fn));
  }

  #run(fn: () => void): void {
    if (this.#paused) this.#waiting.push(fn);
    else fn();
  }
}
