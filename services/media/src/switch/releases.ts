// Whoever holds a leg in the dial plan's `socket` application until the switch was told where it goes.
//   R1. A wait is there before the command is written that lets the leg go.
//   R2. It ends once: with true when such a command was taken, with false when its time is over.
import type { Clock } from '@parkade/clock';

export class Releases {
  readonly #waits = new Map<string, Set<() => void>>();

  constructor(private readonly clock: Clock) {}

  /** Whether the leg is let go, from now on, within `limitMs`. Never rejects. */
  wait(legId: string, limitMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const waiting = this.#waits.get(legId) ?? new Set();
      const settle = (released: boolean): void => {
        waiting.delete(tell);
        if (waiting.size === 0 && this.#waits.get(legId) === waiting) this.#waits.delete(legId);
        limit.cancel();
        resolve(released);
      };
      const tell = (): void => settle(true);
      const limit = this.clock.setTimer(limitMs, () => settle(false));
      this.#waits.set(legId, waiting.add(tell));
    });
  }

  /** The switch has taken a command that lets the leg go. */
  tell(legId: string): void {
    for (const tell of [...(this.#waits.get(legId) ?? [])]) tell();
  }
}
