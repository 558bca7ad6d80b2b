import { type Clock, sleep } from '@parkade/clock';
import { Reason } from '@parkade/proto';
import { Refused } from '@parkade/rpc';

/**
 * The executions under way in this process.
 *
 *   A1. At most `max` at a time; one more is refused (OVERLOADED).
 *   A2. After `stop` none is begun (DRAINING); `idle` resolves when the last one has ended.
 */
export class Admission {
  #count = 0;
  #stopped = false;
  #idle: (() => void) | undefined;

  constructor(private readonly max: number) {}

  /** Executions under way. */
  get count(): number {
    return this.#count;
  }

  async run<T>(work: () => Promise<T | Refused>): Promise<T | Refused> {
    if (this.#stopped) return new Refused(Reason.DRAINING, 'This process is shutting down; retry with another one.');
    if (this.#count >= this.max) {
      return new Refused(Reason.OVERLOADED, 'Too many executions are under way here; retry after a pause.');
    }
    this.#count++;
    try {
      return await work();
    } finally {
      this.#count--;
      if (this.#count === 0) this.#idle?.();
    }
  }

  stop(): void {
    this.#stopped = true;
  }

  /** Resolves when nothing is under way, after `graceMs` at the latest. */
  async idle(clock: Clock, graceMs: number): Promise<void> {
    if (this.#count === 0) return;
    const done = new AbortController();
    this.#idle = () => done.abort();
    await sleep(clock, graceMs, done.signal);
  }
}
