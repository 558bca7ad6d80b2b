import type { Admin } from '@parkade/admin';
import type { Clock, Random, Timer } from '@parkade/clock';
import { StoreError } from '@parkade/store';

/** Between two looks at what drains: this long, and up to as long again, so that gateways take turns. */
const EVERY_MS = 1_000;

/** Finishes what drains, whichever gateway began it: every gateway looks, and any may do it. */
export class DrainingSweeper {
  #timer: Timer | undefined;
  #closed = false;

  constructor(
    private readonly draining: Pick<Admin['draining'], 'sweep'>,
    private readonly deps: {
      readonly clock: Clock;
      readonly random: Random;
      readonly onDefect: (error: unknown) => void;
    },
  ) {
    this.#next();
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  #next(): void {
    if (this.#closed) return;
    const { clock, random } = this.deps;
    this.#timer = clock.setTimer(EVERY_MS * (1 + random.next()), () => void this.#sweep());
  }

  async #sweep(): Promise<void> {
    try {
      await this.draining.sweep();
    } catch (error) {
      // A store that is away is asked again the next time.
      if (!(error instanceof StoreError)) this.deps.onDefect(error);
    }
    this.#next();
  }
}
