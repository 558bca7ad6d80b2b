import type { Op } from '@parkade/store';
import type { PartitionId } from './partition-space.js';

/** How a partition came: from nobody, out of its owner's hands, or it was ours under an older epoch. */
export type Acquisition = 'claimed' | 'handed-off' | 'raised';

/** Who owns a partition, as the owner keys say. */
export interface OwnerHint {
  readonly memberId: string;
  /** `host:port`. */
  readonly address: string;
  readonly incarnation: string;
  /** The owner key's modification revision. */
  readonly epoch: number;
}

/** The member a partition is about to go to. */
export interface HandOffTarget {
  readonly memberId: string;
  /** `host:port`. */
  readonly address: string;
}

/**
 * What holds a partition's state: told by a `PartitionOwner` what it owns. For each partition the calls come in this order,
 * never two at a time except `lost` and `cancelPreload`, which may come at any moment:
 *
 *   preload? → (cancelPreload | acquire) → (drain → undrain | acquire 'raised')* → lost
 *
 * Only `preload`, `acquire` and `drain` may take time. A promise that settles after `lost` or `cancelPreload` came is ignored.
 */
export interface PartitionHandler<P extends PartitionId> {
  /**
   * Loads a copy and follows its changes; resolves when it has caught up. Bounded by `preloadTimeoutMs`. Rejects: the move is
   * given up for now (`cancelPreload` is called in that case too).
   */
  preload(partition: P): Promise<void>;

  /** The partition does not come now: drop the copy. */
  cancelPreload(partition: P): void;

  /**
   * The partition is ours at this epoch; resolves when it serves. A copy that was preloaded and not cancelled may be
   * used, whatever `how` says. `raised`: it was ours already, and an epoch that nobody waited for turned up: reload it and
   * go on. Rejects: the owner key is released, and the partition claimed again after a back-off; `lost` is not called then.
   */
  acquire(partition: P, epoch: number, how: Acquisition): Promise<void>;

  /**
   * Admits nothing more and resolves when everything under way is written. `target` is undefined when the partition
   * is only given up. Bounded by `drainTimeoutMs`; past it, or when it rejects, `undrain` follows (unless we leave). It may call
   * `raiseEpoch`.
   */
  drain(partition: P, target: HandOffTarget | undefined): Promise<void>;

  /** The hand-off failed: admit again. The epoch may have been raised; nothing was written by anybody else. */
  undrain(partition: P, epoch: number): void;

  /** Writes to put into the transaction that hands the partition off, such as a mark its follower sees. At most 8. */
  handOffOps(partition: P, target: HandOffTarget): readonly Op[];

  /** The partition is not ours any more (given away, fenced, lease lost): drop it. `hint` is the new owner, where known. */
  lost(partition: P, hint: OwnerHint | undefined): void;
}
