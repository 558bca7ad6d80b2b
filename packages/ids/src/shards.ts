import { stableHash } from './hash.js';
import { EXTENSION_LOT } from './names.js';

/**
 * Where a slot lives: shard = hash(tenant, lot, part) mod shard count, part = hash(slot) mod the lot's spread. An ordinary lot
 * (spread 1) is on one shard, so that "next free", group hunting and the lot's cursor are one atomic step there.
 */
export function partOf(slot: string, spread: number): number {
  return spread <= 1 ? 0 : stableHash(slot) % spread;
}

/** The shard of one part of a lot. Part 0 of a lot with spread 1, and the home of a larger one, are `homeShard`. */
export function partShard(tenantId: string, lotId: string, part: number, shardCount: number): number {
  // The parts of one lot are laid out side by side from its home on, so that they never share a shard needlessly.
  return (stableHash(`${tenantId}\0${lotId}`) + part) % shardCount;
}

/** The shard that holds a lot's cursor and records where automatic choices go. */
export function homeShard(tenantId: string, lotId: string, shardCount: number): number {
  return partShard(tenantId, lotId, 0, shardCount);
}

/** The shard of a slot. */
export function slotShard(tenantId: string, lotId: string, slot: string, spread: number, shardCount: number): number {
  return partShard(tenantId, lotId, partOf(slot, spread), shardCount);
}

/** The shard of a tenant's extensions, and so of its groups. */
export function extensionShard(tenantId: string, shardCount: number): number {
  return homeShard(tenantId, EXTENSION_LOT, shardCount);
}
