// Whoever waits for an event of the switch.
//   V1. A wait is there before the command is written whose effect it waits for.
//   V2. It ends once: with what `match` makes of an event, or with undefined when its time is over or the connection is.
import type { Clock } from '@parkade/clock';
import type { EslEvent } from '@parkade/esl';

interface Wait {
  readonly offer: (event: EslEvent) => void;
  readonly end: () => void;
}

export class EventWaits {
  readonly #waits = new Set<Wait>();

  constructor(private readonly clock: Clock) {}

  /** How many wait. */
  get size(): number {
    return this.#waits.size;
  }

  /** Waits at most `limitMs` for the first event that `match` makes something of. Never rejects. */
  wait<T>(
    limitMs: number,
    match: (event: EslEvent) => T | undefined,
  ): { readonly result: Promise<T | undefined>; end: () => void } {
    let end: () => void = () => undefined;
    const result = new Promise<T | undefined>((resolve) => {
      const settle = (value: T | undefined): void => {
        this.#waits.delete(wait);
        limit.cancel();
        resolve(value);
      };
      const wait: Wait = {
        offer: (event) => {
          const value = match(event);
          if (value !== undefined) settle(value);
        },
        end: () => settle(undefined),
      };
      const limit = this.clock.setTimer(limitMs, wait.end);
      this.#waits.add(wait);
      end = wait.end;
    });
    return { result, end };
  }

  offer(event: EslEvent): void {
    for (const wait of [...this.#waits]) wait.offer(event);
  }

  /** The connection is gone: nothing that is waited for will be told. */
  endAll(): void {
    for (const wait of [...this.#waits]) wait.end();
  }
}
