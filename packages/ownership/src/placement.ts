import type { PartitionId } from './partition-space.js';

/** What placement knows of a live member. */
export interface PlacedMember {
  readonly memberId: string;
  readonly version: string;
  readonly draining: boolean;
}

/** Who is to own what. Depends on nothing but the two sets. */
export function place<P extends PartitionId>(
  partitions: readonly P[],
  members: readonly PlacedMember[],
): ReadonlyMap<P, string> {
  throw new Error(`not yet ${partitions.length} ${members.length}`);
}
