// Whoever waits for an event of the switch.
//   V1. A wait is there before the command is written whose effect it waits for.
//   V2. It ends once: with what `match` makes of an event, or with undefined when its time is over or the connection is.
//   V3. As long as anybody waits who began to a moment ago, the switch is nudged: it tells of events late where nothing wakes it.
import type { Clock, Timer } from '@parkade/clock';
import type { EslEvent } from '@parkade/esl';

/** Between two nudges: a quarter of the time that the switch lets go by. */
const NUDGE_MS = 5;
/** What takes longer than this waits for somebody: that a phone was answered may be told 20 ms late. */
const NUDGED_FOR_MS = 1_000;

interface Wait {
  readonly offer: (event: EslEvent) => void;
  readonly end: () => void;
}

export class EventWaits {
  readonly #waits = new Set<Wait>();
  #nudging: Timer | undefined;
  /** Until when, monotonic ms. */
  #nudgedUntilMs = 0;

  /** @param nudge has the switch tell what has happened. */
  constructor(
    private readonly clock: Clock,
    private readonly nudge: () => void,
  ) {}

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
    this.#nudgedUntilMs = this.clock.monotonicMs() + NUDGED_FOR_MS;
    this.#nudgeSoon();
    return { result, end };
  }

  offer(event: EslEvent): void {
    for (const wait of [...this.#waits]) wait.offer(event);
  }

  /** The connection is gone: nothing that is waited for will be told. */
  endAll(): void {
    for (const wait of [...this.#waits]) wait.end();
  }

  #nudgeSoon(): void {
    this.#nudging ??= this.clock.setTimer(NUDGE_MS, () => {
      this.#nudging = undefined;
      if (this.#waits.size === 0 || this.clock.monotonicMs() > this.#nudgedUntilMs) return;
      this.nudge();
      this.#nudgeSoon();
    });
  }
}
