import { sleep } from '@parkade/clock';
import type { KeyValue, Op } from '@parkade/store';
import { backOffMs } from './back-off.js';
import type { Held, HeldPartitions } from './held-partitions.js';
import { observeOwner, ownValue, type OwnerContext } from './owner-context.js';
import { ownerOf, writtenKey } from './owner-key.js';
import { OwnershipLostError } from './ownership-error.js';
import type { PartitionId } from './partition-space.js';
import { isInvalid, isLeaseGone } from './store-faults.js';

type Attempt = { readonly done: true; readonly revision: number } | { readonly done: false };

/**
 * Writes of owner keys that are ours, each comparing our epoch.
 *
 *   K1. A write whose outcome is unknown is tried again with the same compare, or a read shows what became of it: it takes
 *       effect at most once, and when the method resolves no attempt of it can take effect later.
 *   K2. Retries end with the session: past it the key is not ours to write.
 */
export class OwnKeys<P extends PartitionId> {
  constructor(
    private readonly context: OwnerContext<P>,
    private readonly held: HeldPartitions<P>,
  ) {}

  /** See `OwnedPartitions.raiseEpoch`. */
  raise(partition: P): Promise<number> {
    const held = this.held.get(partition);
    if (held === undefined) return Promise.reject(this.#lost(partition));
    return held.keyWrites.run(() => this.raiseAlone(held));
  }

  /** As `raise`, for a caller that is alone in `held.keyWrites`. */
  async raiseAlone(held: Held<P>): Promise<number> {
    const { partition, run } = held;
    const value = ownValue(this.context, run);
    const put: Op = { kind: 'put', key: this.context.space.keyOf(partition), value, leaseId: run.leaseId };
    const stands = (): boolean => this.held.stands(held);
    const revision = await this.#settle(held, put, stands);
    if (revision === undefined || !stands()) throw this.#lost(partition);
    held.epoch = Math.max(held.epoch, revision);
    this.context.owners.observe(put.key, writtenKey(put.key, value, revision, run.leaseId), revision);
    return held.epoch;
  }

  /** Deletes the owner key of a partition, held or just given up. Resolves when it is gone or not ours to delete. */
  async release(held: Held<P>): Promise<void> {
    const key = this.context.space.keyOf(held.partition);
    const { session, closed } = this.context;
    const ours = (): boolean => session.current()?.incarnation === held.run.incarnation && !closed.aborted;
    const revision = await this.#settle(held, { kind: 'delete', range: { start: key } }, ours);
    if (revision !== undefined) this.context.owners.observe(key, undefined, revision);
  }

  /** See `OwnedPartitions.confirmLost`. */
  async confirmLost(partition: P): Promise<boolean> {
    const held = this.held.get(partition);
    if (held === undefined) return true;
    return held.keyWrites.run(async () => {
      if (!this.held.stands(held)) return true;
      try {
        const kv = await this.read(partition);
        if (kv !== undefined && ownerOf(kv).incarnation === held.run.incarnation) {
          this.held.gain(partition, kv.modRevision, 'raised', held.run);
        }
      } catch (error: unknown) {
        this.context.report('confirm-lost', error);
      }
      return !this.held.stands(held);
    });
  }

  /** Reads an owner key and takes in what it says (which may drop the partition). Rejects with `StoreError`. */
  async read(partition: P): Promise<KeyValue | undefined> {
    const { store, space, timing } = this.context;
    const range = { start: space.keyOf(partition) };
    const { kvs, revision } = await store.range(range, { timeoutMs: timing.storeTimeoutMs });
    observeOwner(this.context, partition, kvs[0], revision);
    return kvs[0];
  }

  /** Runs `op` under our epoch until it is decided, while `going` holds. The revision; undefined: it was not to be. */
  async #settle(held: Held<P>, op: Op, going: () => boolean): Promise<number | undefined> {
    const { timing, clock, random, closed, report } = this.context;
    for (let attempt = 0; going(); attempt++) {
      try {
        const result = await this.#attempt(held, op);
        return result.done ? result.revision : undefined;
      } catch (error: unknown) {
        report('owner-key-write', error);
        if (isLeaseGone(error)) this.context.session.invalidate(held.run.leaseId);
        if (isInvalid(error)) throw error;
        await sleep(clock, backOffMs(attempt, timing.retryMinMs / 4, timing.retryMaxMs / 4, random), closed);
      }
    }
    return undefined;
  }

  async #attempt(held: Held<P>, op: Op): Promise<Attempt> {
    const { store, timing, space } = this.context;
    const key = space.keyOf(held.partition);
    const result = await store.txn(
      {
        compare: [{ kind: 'mod', key, revision: held.epoch }],
        success: [op],
        failure: [{ kind: 'get', range: { start: key } }],
      },
      { timeoutMs: timing.storeTimeoutMs },
    );
    if (result.succeeded) return { done: true, revision: result.revision };
    const found = result.results[0]?.[0];
    const ours = found !== undefined && ownerOf(found).incarnation === held.run.incarnation;
    // K1: an earlier write of ours landed late. Its revision is our epoch, and as good as a new one.
    if (ours && op.kind === 'put') return { done: true, revision: found.modRevision };
    if (ours) {
      held.epoch = found.modRevision;
      return this.#attempt(held, op);
    }
    observeOwner(this.context, held.partition, found, result.revision);
    return op.kind === 'delete' && found === undefined ? { done: true, revision: result.revision } : { done: false };
  }

  #lost(partition: P): OwnershipLostError {
    return new OwnershipLostError(this.context.space.role, partition);
  }
}
