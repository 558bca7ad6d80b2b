import { type Clock, SeededRandom, type Timer } from '@parkade/clock';
import type { Scheduler } from './scheduler.js';

/** Where the wall clock of every world begins. */
export const START_WALL_MS = 1_750_000_000_000;

export type HostState = 'up' | 'frozen' | 'dead';

/**
 * One simulated process: its clock, its randomness, and whether it runs.
 *
 *   H1. All that happens in it is an entry of the scheduler under its name: dead, nothing happens any more; frozen, it waits.
 *   H2. Its monotonic clock goes on while it is frozen, as a machine's does; its wall clock may be set.
 */
export class Host {
  readonly random: SeededRandom;
  readonly clock: Clock;
  /** What came while it was frozen. */
  readonly backlog: (() => void)[] = [];
  /** Called once when it dies. */
  readonly onDeath = new Set<() => void>();
  #state: HostState = 'up';
  #wallOffsetMs = 0;

  constructor(
    readonly name: string,
    private readonly scheduler: Scheduler,
  ) {
    this.random = new SeededRandom(Math.floor(scheduler.random.next() * 2 ** 32));
    this.clock = {
      nowMs: () => Math.floor(START_WALL_MS + scheduler.nowMs + this.#wallOffsetMs),
      monotonicMs: () => scheduler.nowMs,
      setTimer: (delayMs, fn) => this.after(delayMs, fn),
      defer: (fn) => void this.after(0, fn),
    };
  }

  get state(): HostState {
    return this.#state;
  }

  after(delayMs: number, fn: () => void): Timer {
    return this.scheduler.after(delayMs, this, fn);
  }

  /** Sets the wall clock by `deltaMs`, as an administrator or NTP does. */
  stepWall(deltaMs: number): void {
    this.#wallOffsetMs += deltaMs;
  }

  /** The wall clock is right again. */
  correctWall(): void {
    this.#wallOffsetMs = 0;
  }

  freeze(): void {
    if (this.#state === 'up') this.#state = 'frozen';
  }

  thaw(): void {
    if (this.#state !== 'frozen') return;
    this.#state = 'up';
    for (const fn of this.backlog.splice(0)) this.after(0, fn);
  }

  /** Ends it without a word: nothing of it happens any more. */
  kill(): void {
    if (this.#state === 'dead') return;
    this.#state = 'dead';
    this.backlog.length = 0;
    for (const fn of [...this.onDeath]) fn();
    this.onDeath.clear();
  }
}
