import type { Compare } from '@parkade/store';
import type { HandOffRequest, HandOffResult } from './hand-off.js';
import type { OwnerHint } from './partition-handler.js';
import type { PartitionId } from './partition-space.js';

/** What came of a report that a member cannot be reached. */
export type TakeoverOutcome =
  /** It refuses connections: it was removed, and its partitions are claimed by compare-and-set. */
  | 'taken'
  /** It answers, or proves nothing either way. */
  | 'alive'
  | 'unknown'
  /** Too many removals lately, or the store did not take this one. */
  | 'limited'
  | 'failed'
  /** This role takes nothing by force. */
  | 'off'
  /** No such live member, or it is this one. */
  | 'not-found';

/** What the shell around a role's state uses of its `PartitionOwner`. */
export interface OwnedPartitions<P extends PartitionId> {
  /** Joins and starts to own. Resolves when members and owners were listed once; owning begins when there is a lease. */
  start(): Promise<void>;

  /** The epoch under which the partition is ours; undefined when it is not, or the session is not valid now. */
  epochOf(partition: P): number | undefined;

  /** Whether it is ours and the session is valid at this moment; true from the call of `acquire` on. */
  owns(partition: P): boolean;

  /** The partitions that are ours now, in no order; empty while the session is not valid. */
  owned(): readonly P[];

  /** Whether the lease counts as alive at this moment. */
  sessionValid(): boolean;

  /** Who owns it according to the owner keys seen so far (also this member); undefined when nobody does. */
  hint(partition: P): OwnerHint | undefined;

  /** To put into every transaction that writes the partition. Throws `OwnershipLostError` where `owns` is false. */
  fenceCompare(partition: P): Compare;

  /**
   * Makes a new epoch for a partition of ours: when it resolves with it, every write under an older epoch either has
   * happened or never will. Unknown outcomes of its own are resolved inside. Rejects with `OwnershipLostError` when the partition
   * is ours no longer (`lost` was called) or the session ended meanwhile.
   */
  raiseEpoch(partition: P): Promise<number>;

  /**
   * A transaction's fence did not hold: reads the owner key. True: it is lost, `lost` was called. False: it is still ours at the
   * epoch that `epochOf` tells, or the store could not be asked while the session is valid.
   */
  confirmLost(partition: P): Promise<boolean>;

  /** Somebody could not connect to a member (its id, or `host:port`). Probes it and acts on proof of death. Never rejects. */
  reportUnreachable(memberIdOrAddress: string, evidence: string): Promise<TakeoverOutcome>;

  /** Another member asks for a partition (`OwnershipService.HandOff`). Never rejects. */
  handOff(request: HandOffRequest): Promise<HandOffResult>;

  /** The set of partitions changed. */
  refresh(): void;

  /**
   * Leaves gracefully within `deadlineMs` from now: others take the partitions by hand-off, what is left then is drained
   * and released. Resolves when nothing is owned. Call `close` after it.
   */
  leave(deadlineMs: number): Promise<void>;

  /** Stops at once: every partition is `lost`; keys still held go when the session is closed. Idempotent. */
  close(): Promise<void>;
}
