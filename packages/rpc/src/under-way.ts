import { type Clock, sleep } from '@parkade/clock';
import { Reason } from '@parkade/proto';
import { Refused } from './refused.js';

/**
 * What this process is doing for its clients.
 *
 *   U1. At most `max` requests are under way; one more is refused with OVERLOADED.
 *   U2. From `stop` on nothing new is begun (DRAINING); `idle` resolves when the last one has ended.
 *   U3. Past half of that, one tenant has at most as many as are still free for all: a tenant that floods leaves room for the others.
 */
export class UnderWay {
  #count = 0;
  readonly #byTenant = new Map<string, number>();
  #stopped = false;
  #idle: (() => void) | undefined;

  constructor(private readonly max: number) {}

  get count(): number {
    return this.#count;
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  /** Counts one more; refused when there is too much to do, or the process is shutting down. What is counted must `leave` once. */
  enter(tenantId: string): Refused | undefined {
    if (this.#stopped) return draining();
    const own = this.#byTenant.get(tenantId) ?? 0;
    if (this.#count >= this.max || own > this.max - this.#count) {
      return new Refused(Reason.OVERLOADED, 'Too much is under way in this process; retry after a pause.');
    }
    this.#count++;
    this.#byTenant.set(tenantId, own + 1);
    return undefined;
  }

  /** What `enter` has counted has ended. */
  leave(tenantId: string): void {
    this.#count--;
    const left = (this.#byTenant.get(tenantId) ?? 1) - 1;
    if (left === 0) this.#byTenant.delete(tenantId);
    else this.#byTenant.set(tenantId, left);
    if (this.#count === 0) this.#idle?.();
  }

  /** Runs `work` between `enter` and `leave`. */
  async run<T>(tenantId: string, work: () => Promise<T | Refused>): Promise<T | Refused> {
    const refused = this.enter(tenantId);
    if (refused !== undefined) return refused;
    try {
      return await work();
    } finally {
      this.leave(tenantId);
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
    'This process is shutting down; another one serves. Retry with the same request id.',
  );
}
