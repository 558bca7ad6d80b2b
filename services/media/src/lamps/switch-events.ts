// What is told to one switch as events of its own: lamps, and notices to phones.
//   E1. In the order it was offered, one at a time; the next is written when the switch has taken the one before.
//   E2. While the switch is away nothing waits: whoever offers tells all there is when it is back.
//   E3. At most maxQueued wait; past that they are dropped, and `overflow` is told so that all is offered again.
import type { EslCommand } from '@parkade/esl';

export interface SwitchEventsDeps {
  /** Whether the switch took it. */
  readonly fire: (event: EslCommand) => Promise<boolean>;
  /** Called after events were dropped, when all that was queued is out. */
  readonly overflow: () => void;
  readonly maxQueued: number;
}

export class SwitchEvents {
  #queue: EslCommand[] = [];
  #sending = false;
  #dropped = false;

  constructor(private readonly deps: SwitchEventsDeps) {}

  offer(event: EslCommand): void {
    if (this.#queue.length >= this.deps.maxQueued) {
      this.#dropped = true;
      return;
    }
    this.#queue.push(event);
    if (!this.#sending) void this.#send();
  }

  /** The switch is away. */
  clear(): void {
    this.#queue = [];
    this.#dropped = false;
  }

  async #send(): Promise<void> {
    this.#sending = true;
    while (this.#queue.length > 0) {
      const batch = this.#queue;
      this.#queue = [];
      // What is cleared meanwhile was for a connection that is gone.
      for (const event of batch) if (!(await this.deps.fire(event))) break;
    }
    this.#sending = false;
    if (!this.#dropped) return;
    this.#dropped = false;
    this.deps.overflow();
  }
}
