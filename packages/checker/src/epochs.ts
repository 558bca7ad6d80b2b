/** A change of a shard's owner key, as the store's history has it. */
export interface Claim {
  readonly shard: number;
  /** The store's revision of the change. A claim's is the epoch it began. */
  readonly revision: number;
  /** Somebody owns the shard since; false: nobody does. */
  readonly owned: boolean;
}

/** A commit of a shard's owner, as the store's history has it. */
export interface Commit {
  readonly shard: number;
  readonly revision: number;
  /** The epoch that its writer wrote under. */
  readonly epoch: number;
}

/**
 * What must hold of any history, whoever was frozen, cut off or deposed. Each violation as a sentence. Both lists in the order of
 * revisions.
 *
 *   1. No commit is under another epoch than the one that stood: not under an older one after a newer claim, and not after the
 *      claim had ended.
 *   2. The epochs of a shard rise, from commit to commit.
 */
export function epochFaults(claims: readonly Claim[], commits: readonly Commit[]): readonly string[] {
  const faults: string[] = [];
  const claimsOf = groupByShard(claims);
  for (const [shard, own] of groupByShard(commits)) {
    const changes = claimsOf.get(shard) ?? [];
    let next = 0;
    let standing: Claim | undefined;
    let last = 0;
    for (const { revision, epoch } of own) {
      for (let change = changes[next]; change !== undefined && change.revision < revision; change = changes[++next]) {
        standing = change;
      }
      const stood = standing?.owned === true ? standing.revision : undefined;
      const where = `shard ${shard}: the commit of revision ${revision}`;
      if (stood !== epoch) faults.push(`${where} is under epoch ${epoch}, where ${stood ?? 'none'} stood`);
      if (epoch < last) faults.push(`${where} is under epoch ${epoch}, after one under ${last}`);
      last = Math.max(last, epoch);
    }
  }
  return faults;
}

function groupByShard<T extends { readonly shard: number }>(list: readonly T[]): Map<number, T[]> {
  const groups = new Map<number, T[]>();
  for (const item of list) {
    const group = groups.get(item.shard);
    if (group === undefined) groups.set(item.shard, [item]);
    else group.push(item);
  }
  return groups;
}
