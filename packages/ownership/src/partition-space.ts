import { decodeToken, encodeToken, keys, ownerKeyPartition } from '@parkade/ids';

/** A partition: the number of a shard, or the name of a media node. */
export type PartitionId = string | number;

/** The partitions of a role and the owner key of each. */
export interface PartitionSpace<P extends PartitionId> {
  /** `slot-shard`, `recall`, `media`. */
  readonly role: string;
  /** The partitions there are now. Where the set changes, tell the owner: `PartitionOwner.refresh()`. */
  all(): readonly P[];
  /** The owner key; under `keys.owners(role)`. */
  keyOf(partition: P): string;
  /** The partition an owner key is about; undefined when it is none of this role's. */
  partitionOf(key: string): P | undefined;
}

/** The partitions 0 to `count` - 1, fixed for good. */
export function numberedPartitions(role: string, count: number): PartitionSpace<number> {
  const all = Array.from({ length: count }, (_, partition) => partition);
  return {
    role,
    all: () => all,
    keyOf: (partition) => keys.owner(role, partition),
    partitionOf: (key) => {
      const partition = ownerKeyPartition(role, key);
      return partition === undefined || partition >= count ? undefined : partition;
    },
  };
}

/** Partitions with names, a set that changes: `names` gives those there are now, each once. */
export function namedPartitions(role: string, names: () => readonly string[]): PartitionSpace<string> {
  const prefix = keys.owners(role);
  return {
    role,
    all: names,
    keyOf: (partition) => prefix + encodeToken(partition),
    partitionOf: (key) => (key.startsWith(prefix) ? decodeToken(key.slice(prefix.length)) : undefined),
  };
}
