import { Exclusive } from './exclusive.js';
import type { LeaseRun } from './lease-session.js';
import { type OwnerContext, spawn } from './owner-context.js';
import type { Acquisition, OwnerHint, PartitionHandler } from './partition-handler.js';
import type { PartitionId } from './partition-space.js';
import { guarded } from './report.js';

/** A partition of ours. */
export interface Held<P extends PartitionId> {
  readonly partition: P;
  readonly run: LeaseRun;
  epoch: number;
  state: 'loading' | 'serving' | 'draining';
  /** Counts the calls of `acquire`: only the last one's end counts. */
  loads: number;
  /** Everything that writes the owner key under our epoch goes through here. */
  readonly keyWrites: Exclusive;
}

/**
 * Which partitions are ours, and the calls of the handler about them.
 *
 *   H1. A partition is ours from the moment its owner key was seen to name this run until another state of the key was
 *       seen, we gave it up, or the session ended. Only a partition of the session's current, valid lease is shown.
 *   H2. For each partition the epoch only rises.
 *   H3. `lost` is called exactly once for each partition that was acquired, except where `acquire` rejected.
 */
export class HeldPartitions<P extends PartitionId> {
  readonly #held = new Map<P, Held<P>>();

  constructor(
    private readonly context: OwnerContext<P>,
    private readonly handler: PartitionHandler<P>,
    private readonly loads: {
      succeeded(partition: P): void;
      /** The partition is not held any more; its owner key still is ours at this epoch. */
      failed(held: Held<P>): void;
    },
  ) {}

  get(partition: P): Held<P> | undefined {
    const held = this.#held.get(partition);
    return held !== undefined && this.context.session.current()?.incarnation === held.run.incarnation
      ? held
      : undefined;
  }

  /** Whether this very holding still stands. */
  stands(held: Held<P>): boolean {
    return this.get(held.partition) === held;
  }

  /** All that are ours; empty while the session is not valid. */
  all(): readonly Held<P>[] {
    const run = this.context.session.current();
    return [...this.#held.values()].filter((held) => held.run.incarnation === run?.incarnation);
  }

  get loading(): number {
    let count = 0;
    for (const held of this.#held.values()) if (held.state === 'loading') count++;
    return count;
  }

  /** The owner key names `run` at `epoch`. Does nothing when that is known. */
  gain(partition: P, epoch: number, how: Acquisition, run: LeaseRun): void {
    if (this.context.closed.aborted || this.context.session.current()?.incarnation !== run.incarnation) return;
    const known = this.#held.get(partition);
    if (known === undefined) {
      const held: Held<P> = { partition, run, epoch, state: 'loading', loads: 0, keyWrites: new Exclusive() };
      this.#held.set(partition, held);
      spawn(this.context.report, 'acquire', () => this.#load(held, how));
    } else if (known.epoch < epoch) {
      known.epoch = epoch;
      // The drain goes on: it ends with `undrain` at this epoch, or the partition goes.
      if (known.state === 'draining') return;
      known.state = 'loading';
      spawn(this.context.report, 'acquire', () => this.#load(known, 'raised'));
    }
  }

  /** It is not ours any more. Does nothing when it was not. */
  drop(partition: P, hint: OwnerHint | undefined): void {
    if (!this.#held.delete(partition)) return;
    guarded(this.context.report, 'lost', () => this.handler.lost(partition, hint));
    this.context.replan();
  }

  /** Nothing is ours any more. */
  dropAll(): void {
    for (const partition of [...this.#held.keys()]) this.drop(partition, undefined);
  }

  async #load(held: Held<P>, how: Acquisition): Promise<void> {
    const load = ++held.loads;
    try {
      await this.handler.acquire(held.partition, held.epoch, how);
      if (held.loads !== load || held.state !== 'loading') return;
      held.state = 'serving';
      this.loads.succeeded(held.partition);
    } catch (error: unknown) {
      this.context.report('acquire', error);
      if (this.#held.get(held.partition) !== held || held.loads !== load) return;
      this.#held.delete(held.partition);
      this.loads.failed(held);
    } finally {
      this.context.replan();
    }
  }
}
