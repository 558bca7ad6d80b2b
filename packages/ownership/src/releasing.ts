import type { Held, HeldPartitions } from './held-partitions.js';
import { type OwnerContext, spawn } from './owner-context.js';
import type { OwnKeys } from './own-key.js';
import type { PartitionHandler } from './partition-handler.js';
import type { PartitionId } from './partition-space.js';
import { within } from './within.js';

/**
 * Gives partitions up to nobody: drain, delete the owner key, `lost`.
 *
 *   U1. While a key is being deleted the partition is not claimed again here.
 *   U2. The key is deleted only under our epoch, and only after the drain ended or its time was over.
 */
export class Releasing<P extends PartitionId> {
  readonly #underWay = new Map<P, Promise<void>>();
  readonly underWay: ReadonlySet<P>;
  readonly #partitions = new Set<P>();

  constructor(
    private readonly context: OwnerContext<P>,
    private readonly handler: PartitionHandler<P>,
    private readonly held: HeldPartitions<P>,
    private readonly ownKeys: OwnKeys<P>,
  ) {
    this.underWay = this.#partitions;
  }

  /** Releases a partition that is held. Resolves when it is not ours any more; never rejects. */
  release(held: Held<P>): Promise<void> {
    return this.#once(held, async () => {
      const { clock, timing, report } = this.context;
      const serving = held.state === 'serving';
      held.state = 'draining';
      try {
        const drain = (): Promise<void> => this.handler.drain(held.partition, undefined);
        if (serving) await within(clock, timing.drainTimeoutMs, 'drain', drain);
      } catch (error: unknown) {
        report('drain', error);
      }
      if (this.held.stands(held)) await held.keyWrites.run(() => this.ownKeys.release(held));
    });
  }

  /** Deletes the owner key of a partition that the handler holds no more. */
  givenUp(held: Held<P>): void {
    spawn(this.context.report, 'release', () => this.#once(held, () => this.ownKeys.release(held)));
  }

  #once(held: Held<P>, work: () => Promise<void>): Promise<void> {
    const known = this.#underWay.get(held.partition);
    if (known !== undefined) return known;
    this.#partitions.add(held.partition);
    const done = work()
      .catch((error: unknown) => this.context.report('release', error))
      .then(() => {
        this.#partitions.delete(held.partition);
        this.#underWay.delete(held.partition);
        this.context.replan();
      });
    this.#underWay.set(held.partition, done);
    return done;
  }
}
