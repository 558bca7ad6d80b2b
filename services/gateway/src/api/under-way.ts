import { type Clock, sleep } from '@parkade/clock';
import { Reason } from '@parkade/proto';
import { Refused } from '@parkade/rpc';

/**
 * What this process is doing for its clients.
 *
 *   U1. At most `max` requests are under way; one more is refused with OVERLOADED.
 *   U2. From `stop` on nothing new is begun (DRAINING); `idle` resolves when the last one has ended.
 */
export class UnderWay {
  #count = 0;
  #stopped = false;
  #idle: (() => void) | undefined;

  constructor(private readonly max: number) {}

  get count(): number {
    return this.#count;
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  /** Runs `work` unless there is too much to do, or the process is shutting down. */
  async run<T>(work: () => Promise<T | Refused>): Promise<T | Refused> {
    if (this.#stopped) return draining();
    if (this.#count >= this.max) {
      return new Refused(Reason.OVERLOADED, 'Too much is under way in this gateway; retry after a pause.');
    }
    this.#count++;
    try {
      return await work();
    } finally {
      this.#count--;
      if (this.#count === 0) this.#idle?.();
    }
  }

  /** Begins nothing new from now on. */
  stop(): void {
    this.#stopped = true;
  }

  /** Resolves when nothing is under way any more, after `graceMs` at the latest. */
  async idle(clock: Clock, graceMs: number): Promise<void> {
    if (this.#count === 0) return;
    const done = new AbortController();
    this.#idle = () => done.abort();
    await sleep(clock, graceMs, done.signal);
  }
}

/** This process ends soon. */
export function draining(): Refused {
  return new Refused(
    Reason.DRAINING,
    'This gateway is shutting down; another one serves. Retry with the same request id.',
  );
}
