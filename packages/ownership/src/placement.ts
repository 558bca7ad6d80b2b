import { stableHash } from '@parkade/ids';
import type { PartitionId } from './partition-space.js';
import { compareVersions } from './version-order.js';

/** What placement knows of a live member. */
export interface PlacedMember {
  readonly memberId: string;
  readonly version: string;
  readonly draining: boolean;
}

/** While versions differ, the newest take up to this many times a fair share. */
const NEWER_LOAD = 1.5;

/**
 * Who is to own what: rendezvous hashing with bounded load. Every pair of partition and member has a score that depends on
 * nothing else; pairs are taken from the highest score down, each partition once, each member up to its cap.
 *
 *   P1. The result depends on the two sets alone: not on their order, nor on who owns what now.
 *   P2. While versions are equal nobody gets more than ceil(partitions / members).
 *   P3. A draining member gets nothing, unless all are draining.
 *   P4. While versions differ, the newest are filled first, up to 1.5 fair shares each, so that a partition leaves the old
 *       version once. Their members' being gone brings everything back to the old.
 *   P5. When a member leaves, its partitions move, and few others: those that find room with a member they score higher at.
 *
 * Empty when there are no members. Cost: partitions × members, times a logarithm.
 */
export function place<P extends PartitionId>(
  partitions: readonly P[],
  members: readonly PlacedMember[],
): ReadonlyMap<P, string> {
  const staying = members.filter((member) => !member.draining);
  const eligible = staying.length > 0 ? staying : members;
  const placed = new Map<P, string>();
  const newest = newestOf(eligible);
  const fair = partitions.length / Math.max(1, eligible.length);
  if (newest.length < eligible.length) assign(partitions, newest, Math.ceil(fair * NEWER_LOAD), placed);
  assign(partitions, eligible, Math.ceil(fair), placed);
  return placed;
}

function newestOf(members: readonly PlacedMember[]): readonly PlacedMember[] {
  return members.filter((member) => members.every((other) => compareVersions(member.version, other.version) >= 0));
}

interface Pair<P> {
  readonly partition: P;
  readonly memberId: string;
  readonly score: number;
}

function assign<P extends PartitionId>(
  partitions: readonly P[],
  members: readonly PlacedMember[],
  cap: number,
  placed: Map<P, string>,
): void {
  const load = new Map<string, number>();
  for (const memberId of placed.values()) load.set(memberId, (load.get(memberId) ?? 0) + 1);
  for (const { partition, memberId } of pairsByScore(partitions, members)) {
    const held = load.get(memberId) ?? 0;
    if (placed.has(partition) || held >= cap) continue;
    placed.set(partition, memberId);
    load.set(memberId, held + 1);
  }
}

function pairsByScore<P extends PartitionId>(partitions: readonly P[], members: readonly PlacedMember[]): Pair<P>[] {
  const pairs: Pair<P>[] = [];
  for (const partition of partitions) {
    for (const { memberId } of members) {
      pairs.push({ partition, memberId, score: stableHash(`${partition}\0${memberId}`) });
    }
  }
  return pairs.sort((a, b) => b.score - a.score || textOrder(a.memberId, b.memberId) || partitionOrder(a, b));
}

function partitionOrder<P extends PartitionId>(a: Pair<P>, b: Pair<P>): number {
  return textOrder(String(a.partition), String(b.partition));
}

function textOrder(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
