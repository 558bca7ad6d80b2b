import { type KeyValue, MAX_TXN_OPS, type Op, type TxnResult } from '@parkade/store';
import type { HeldPartitions } from './held-partitions.js';
import type { LeaseRun } from './lease-session.js';
import { observeOwner, ownValue, type OwnerContext, spawn } from './owner-context.js';
import { writtenKey } from './owner-key.js';
import type { PartitionId } from './partition-space.js';
import type { RetryTable } from './retry-table.js';
import { isLeaseGone } from './store-faults.js';

/** A partition to claim, whose owner key was last seen at this revision; 0: it did not exist. */
export interface Claim<P extends PartitionId> {
  readonly partition: P;
  readonly seenRevision: number;
}

/**
 * Claims by compare-and-set, several in a transaction.
 *
 *   C1. Each claim compares its owner key with what was seen; the transaction's revision is the epoch of each.
 *   C2. A conflict takes the partitions in conflict out and tries the rest again: each round at least one fewer.
 *   C3. A claim whose outcome is unknown is not repeated before its back-off; if it took effect, the watch tells.
 */
export class Claims<P extends PartitionId> {
  readonly #underWay = new Set<P>();

  constructor(
    private readonly context: OwnerContext<P>,
    private readonly held: HeldPartitions<P>,
    private readonly retries: RetryTable<P>,
  ) {}

  has(partition: P): boolean {
    return this.#underWay.has(partition);
  }

  get size(): number {
    return this.#underWay.size;
  }

  /** Begins to claim; at most `claimBatch` a transaction. */
  start(claims: readonly Claim<P>[], run: LeaseRun): void {
    const claimBatch = Math.max(1, Math.min(this.context.timing.claimBatch, MAX_TXN_OPS / 2));
    for (let i = 0; i < claims.length; i += claimBatch) {
      const batch = claims.slice(i, i + claimBatch);
      for (const { partition } of batch) this.#underWay.add(partition);
      spawn(this.context.report, 'claim', () => this.#claim(batch, run));
    }
  }

  async #claim(batch: readonly Claim<P>[], run: LeaseRun): Promise<void> {
    let left = batch;
    try {
      while (left.length > 0) left = await this.#attempt(left, run);
    } catch (error: unknown) {
      this.context.report('claim', error);
      for (const { partition } of left) this.retries.failed(partition);
      if (isLeaseGone(error)) this.context.session.invalidate(run.leaseId);
    } finally {
      for (const { partition } of batch) this.#underWay.delete(partition);
      this.context.replan();
    }
  }

  /** One transaction; what is still worth trying. */
  async #attempt(claims: readonly Claim<P>[], run: LeaseRun): Promise<readonly Claim<P>[]> {
    const { store, space, timing, owners } = this.context;
    const value = ownValue(this.context, run);
    const keyed = claims.map((claim) => ({ ...claim, key: space.keyOf(claim.partition) }));
    const result = await store.txn(
      {
        compare: keyed.map(({ key, seenRevision }) => ({ kind: 'mod', key, revision: seenRevision })),
        success: keyed.map(({ key }): Op => ({ kind: 'put', key, value, leaseId: run.leaseId })),
        failure: keyed.map(({ key }): Op => ({ kind: 'get', range: { start: key } })),
      },
      { timeoutMs: timing.storeTimeoutMs },
    );
    if (!result.succeeded) return this.#withoutConflicts(claims, result);
    for (const { partition, key } of keyed) {
      this.held.gain(partition, result.revision, 'claimed', run);
      owners.observe(key, writtenKey(key, value, result.revision, run.leaseId), result.revision);
    }
    return [];
  }

  #withoutConflicts(claims: readonly Claim<P>[], result: TxnResult): readonly Claim<P>[] {
    return claims.filter(({ partition, seenRevision }, i) => {
      const found: KeyValue | undefined = result.results[i]?.[0];
      if ((found?.modRevision ?? 0) === seenRevision) return true;
      observeOwner(this.context, partition, found, result.revision);
      return false;
    });
  }
}
