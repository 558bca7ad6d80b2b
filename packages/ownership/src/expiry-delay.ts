import { keys } from '@parkade/ids';
import { Member } from '@parkade/proto';
import { type OwnerContext, spawn } from './owner-context.js';
import { ownerOf } from './owner-key.js';
import type { PartitionId } from './partition-space.js';
import type { MirrorChange } from './range-mirror.js';

/**
 * When an orphan may be claimed, for roles whose owners act where no epoch is compared.
 *
 *   X1. No earlier than `claimDelayAfterExpiryMs` after its owner key was seen to be gone, or after the first list where it
 *       was not there.
 *   X2. Except where its owner released it: then its node key was still there at the revision of the deletion, while the
 *       end of a lease takes both at once.
 */
export class ExpiryDelay<P extends PartitionId> {
  /** Monotonic ms until which a partition waits; as many as there are partitions. */
  readonly #until = new Map<P, number>();
  #firstListMs: number | undefined;

  constructor(private readonly context: OwnerContext<P>) {}

  /** The owner keys were listed for the first time. */
  listed(): void {
    this.#firstListMs = this.context.clock.monotonicMs();
  }

  /** An owner key changed. */
  changed(partition: P, { before, after, revision, listed }: MirrorChange): void {
    const { timing, clock } = this.context;
    if (timing.claimDelayAfterExpiryMs <= 0) return;
    this.#until.delete(partition);
    if (after !== undefined || before === undefined) return;
    this.#until.set(partition, clock.monotonicMs() + timing.claimDelayAfterExpiryMs);
    if (listed) return;
    const { memberId, incarnation } = ownerOf(before);
    spawn(this.context.report, 'expiry-check', async () => {
      if (!(await this.#registeredAt(memberId, incarnation, revision))) return;
      if (this.context.owners.get(this.context.space.keyOf(partition)) === undefined) this.#until.set(partition, 0);
      this.context.replan();
    });
  }

  /** Monotonic ms from which the orphan may be claimed. */
  notBeforeMs(partition: P): number {
    const { timing } = this.context;
    if (timing.claimDelayAfterExpiryMs <= 0) return 0;
    return this.#until.get(partition) ?? (this.#firstListMs ?? Infinity) + timing.claimDelayAfterExpiryMs;
  }

  async #registeredAt(memberId: string, incarnation: string, revision: number): Promise<boolean> {
    const { store, space, timing } = this.context;
    const kv = await store.get(keys.node(space.role, memberId), { revision, timeoutMs: timing.storeTimeoutMs });
    return kv !== undefined && Member.decode(kv.value).incarnation === incarnation;
  }
}
