import type { Clock, Random } from '@parkade/clock';
import type { KeyValue, Store } from '@parkade/store';
import type { LeaseRun, LeaseSession } from './lease-session.js';
import type { MemberView } from './member-view.js';
import type { MemberIdentity, OwnershipTiming } from './options.js';
import { ownerOf, ownerValue } from './owner-key.js';
import type { OwnerHint } from './partition-handler.js';
import type { PartitionId, PartitionSpace } from './partition-space.js';
import type { RangeMirror } from './range-mirror.js';
import type { Report } from './report.js';

/** What the parts of a `PartitionOwner` share. */
export interface OwnerContext<P extends PartitionId> {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly session: LeaseSession;
  readonly self: MemberIdentity;
  readonly space: PartitionSpace<P>;
  readonly timing: OwnershipTiming;
  readonly owners: RangeMirror;
  readonly members: MemberView;
  readonly report: Report;
  /** Aborted by `close`. */
  readonly closed: AbortSignal;
  /** Something changed that may call for claims or moves. */
  readonly replan: () => void;
}

/** Who owns a partition, as last seen. */
export function seenOwner<P extends PartitionId>(context: OwnerContext<P>, partition: P): OwnerHint | undefined {
  const kv = context.owners.get(context.space.keyOf(partition));
  return kv === undefined ? undefined : ownerOf(kv);
}

/** The value of an owner key of ours in this run. */
export function ownValue<P extends PartitionId>(context: OwnerContext<P>, run: LeaseRun): Uint8Array {
  const { memberId, address } = context.self;
  return ownerValue({ memberId, address, incarnation: run.incarnation });
}

/** Takes in what a read of one owner key at `revision` showed. */
export function observeOwner<P extends PartitionId>(
  context: OwnerContext<P>,
  partition: P,
  kv: KeyValue | undefined,
  revision: number,
): void {
  context.owners.observe(context.space.keyOf(partition), kv, kv?.modRevision ?? revision);
}

/** Runs `task` beside everything else; what it rejects with is reported. */
export function spawn(report: Report, what: string, task: () => Promise<void>): void {
  task().catch((error: unknown) => report(what, error));
}
