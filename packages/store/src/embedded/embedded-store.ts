import type { Clock } from '@parkade/clock';
import {
  StoreError,
  type CallOptions,
  type KeyRange,
  type KeyValue,
  type Lease,
  type RangeOptions,
  type RangeResult,
  type ReadOptions,
  type Store,
  type Txn,
  type TxnResult,
  type Watch,
  type WatchHandlers,
} from '../store.js';
import type { Durability, Restored } from './durability.js';
import type { HistoryLimits } from './history.js';
import { Leases } from './leases.js';
import { Mvcc } from './mvcc.js';
import { WatchHub } from './watch-hub.js';

const DEFAULT_TIMEOUT_MS = 5_000;

/**
 * The store inside this process; one instance is shared by all its users.
 *
 *   E1. Calls are applied one after the other, at the moment they are made: that order is the revision order.
 *   E2. Nothing leaves it, neither an answer nor an event, before what it shows is durable.
 *   E3. When the disk fails no call is applied any more; each rejects.
 */
export class EmbeddedStore implements Store {
  readonly #mvcc: Mvcc;
  readonly #leases: Leases;
  readonly #hub: WatchHub;
  readonly #durability: Durability;
  #closed: Promise<void> | undefined;

  constructor(clock: Clock, durability: Durability, limits: HistoryLimits, restored?: Restored) {
    this.#durability = durability;
    this.#leases = new Leases(clock, (leaseId) => this.#endLease(leaseId), restored?.lastLeaseId);
    for (const lease of restored?.leases ?? []) this.#leases.restore(lease);
    const kvs = [...(restored?.kvs ?? [])];
    this.#mvcc = new Mvcc(
      {
        leaseExists: (leaseId) => this.#leases.has(leaseId),
        applied: (revision, versions) => {
          for (const version of versions) this.#leases.follow(version);
          durability.revision(revision, versions);
        },
      },
      limits,
      restored?.revision,
      kvs,
    );
    for (const kv of kvs) this.#leases.attach(kv);
    this.#hub = new WatchHub(clock, this.#mvcc.history);
    durability.onDurable = (revision) => this.#hub.advance(revision);
  }

  async get(key: string, options?: ReadOptions): Promise<KeyValue | undefined> {
    const result = await this.#run(options, false, () => this.#mvcc.range({ start: key }, options));
    return result.kvs[0];
  }

  range(range: KeyRange, options?: RangeOptions): Promise<RangeResult> {
    return this.#run(options, false, () => this.#mvcc.range(range, options));
  }

  txn(txn: Txn, options?: CallOptions): Promise<TxnResult> {
    return this.#run(options, true, () => this.#mvcc.txn(txn));
  }

  grantLease(ttlMs: number, options?: CallOptions): Promise<Lease> {
    return this.#run(options, true, () => {
      const lease = this.#leases.grant(ttlMs);
      this.#durability.leaseGranted(lease, this.#leases.lastId);
      return lease;
    });
  }

  keepAlive(leaseId: string, options?: CallOptions): Promise<void> {
    return this.#run(options, false, () => this.#leases.keepAlive(leaseId));
  }

  revokeLease(leaseId: string, options?: CallOptions): Promise<void> {
    return this.#run(options, true, () => this.#endLease(leaseId));
  }

  watch(range: KeyRange, fromRevision: number, handlers: WatchHandlers): Watch {
    if (this.#closed !== undefined) throw closedError();
    return this.#hub.watch(range, fromRevision, handlers);
  }

  compact(revision: number, options?: CallOptions): Promise<void> {
    return this.#run(options, false, () => this.#mvcc.compact(revision));
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#hub.close();
    this.#leases.close();
    await this.#durability.close();
  }

  #endLease(leaseId: string): void {
    const keys = this.#leases.remove(leaseId);
    if (keys === undefined) return;
    this.#durability.leaseRemoved(leaseId);
    this.#mvcc.deleteKeys(keys);
  }

  /** Applies `step` now (E1) and answers when what it saw is durable (E2). */
  #run<T>(options: CallOptions | undefined, writes: boolean, step: () => T): Promise<T> {
    try {
      if (this.#closed !== undefined) throw closedError();
      const refusal = this.#durability.refusal;
      if (refusal !== undefined) throw refusal;
      const result = step();
      if (this.#durability.settled) return Promise.resolve(result);
      return this.#durability.settle(options?.timeoutMs ?? DEFAULT_TIMEOUT_MS, writes).then(() => result);
    } catch (error: unknown) {
      return Promise.reject(error instanceof Error ? error : new Error(String(error)));
    }
  }
}

function closedError(): StoreError {
  return new StoreError('unavailable', 'the store is closed');
}
