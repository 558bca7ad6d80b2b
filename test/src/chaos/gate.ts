import type { Clock, Timer } from '@parkade/clock';

/** Lets everything pass, or nothing: a process that is stopped, and goes on. */
export class Gate {
  #open = true;
  #waiting: (() => void)[] = [];

  get open(): boolean {
    return this.#open;
  }

  set open(open: boolean) {
    this.#open = open;
    if (open) for (const go of this.#waiting.splice(0)) go();
  }

  passed(): Promise<void> {
    return this.#open ? Promise.resolve() : new Promise((resolve) => this.#waiting.push(resolve));
  }

  run(fn: () => void): void {
    if (this.#open) fn();
    else this.#waiting.push(fn);
  }
}

/** A clock whose timers and turns wait at a gate; time itself goes on. */
export class GatedClock implements Clock {
  constructor(
    private readonly inner: Clock,
    private readonly gate: Gate,
  ) {}

  nowMs(): number {
    return this.inner.nowMs();
  }

  monotonicMs(): number {
    return this.inner.monotonicMs();
  }

  setTimer(delayMs: number, fn: () => void): Timer {
    let cancelled = false;
    const timer = this.inner.setTimer(delayMs, () =>
      this.gate.run(() => {
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
    this.inner.defer(() => this.gate.run(fn));
  }
}
