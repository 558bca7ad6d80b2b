import { SystemRandom, Timeouts } from '@parkade/clock';
import { checkFromRevision, checkRange, checkTxn } from '../check-call.js';
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
import { Calls } from './calls.js';
import { Endpoints } from './endpoints.js';
import { EtcdLeases } from './leases.js';
import { DEFAULT_WATCH_HEARTBEAT_MS, type EtcdStoreOptions } from './options.js';
import { readRange } from './ranges.js';
import { TokenSource } from './token.js';
import { encodeTxn, needsLinearizing, type SendTxn, txnSender } from './txn-call.js';
import { EtcdWatch, type EtcdWatchDeps } from './watch.js';

/** The most watches of one store; each is a stream of its own. */
export const MAX_ETCD_WATCHES = 10_000;

/**
 * The store on etcd. It repeats nothing that writes, and keeps no state besides connections and watches, so it needs no
 * recovery: what a call does not know it says (S6).
 */
export class EtcdStore implements Store {
  readonly #kv: Calls;
  readonly #sendTxn: SendTxn;
  readonly #leaseCalls: Calls;
  readonly #leases: EtcdLeases;
  readonly #watches = new Set<EtcdWatch>();
  readonly #watchDeps: EtcdWatchDeps;
  #closed = false;

  /** Throws `StoreError('invalid')` for endpoints that cannot be used together. */
  constructor(options: EtcdStoreOptions) {
    const { clock, random = new SystemRandom() } = options;
    if (options.endpoints.length === 0) throw new StoreError('invalid', 'no etcd endpoint');
    const first = Math.floor(random.next() * options.endpoints.length);
    const calls = (): Calls => {
      const endpoints = new Endpoints(options.endpoints, options.tls, clock, first);
      return new Calls(endpoints, new TokenSource(endpoints, options.auth, clock), clock);
    };
    this.#kv = calls();
    this.#sendTxn = txnSender(new Timeouts(clock));
    this.#leaseCalls = calls();
    this.#leases = new EtcdLeases(this.#leaseCalls, clock);
    const heartbeatMs = options.watchHeartbeatMs ?? DEFAULT_WATCH_HEARTBEAT_MS;
    const over = (watch: EtcdWatch): void => void this.#watches.delete(watch);
    this.#watchDeps = { calls: calls(), clock, random, heartbeatMs, over };
  }

  async get(key: string, options?: ReadOptions): Promise<KeyValue | undefined> {
    return (await readRange(this.#kv, { start: key }, options)).kvs[0];
  }

  range(range: KeyRange, options?: RangeOptions): Promise<RangeResult> {
    return readRange(this.#kv, range, options);
  }

  async txn(txn: Txn, options: CallOptions = {}): Promise<TxnResult> {
    checkTxn(txn);
    const writes = [...txn.success, ...(txn.failure ?? [])].some((op) => op.kind !== 'get');
    const kind = writes ? 'write' : 'read';
    const answer = await this.#kv.unary('KV', () => this.#sendTxn, encodeTxn(txn), kind, options.timeoutMs);
    return needsLinearizing(txn) ? { ...answer, results: [] } : answer;
  }

  grantLease(ttlMs: number, options?: CallOptions): Promise<Lease> {
    return this.#leases.grant(ttlMs, options);
  }

  keepAlive(leaseId: string, options?: CallOptions): Promise<void> {
    return this.#leases.keepAlive(leaseId, options);
  }

  revokeLease(leaseId: string, options?: CallOptions): Promise<void> {
    return this.#leases.revoke(leaseId, options);
  }

  watch(range: KeyRange, fromRevision: number, handlers: WatchHandlers): Watch {
    if (this.#closed) throw new StoreError('unavailable', 'the store is closed');
    checkRange(range);
    checkFromRevision(fromRevision);
    if (this.#watches.size >= MAX_ETCD_WATCHES) {
      throw new StoreError('no-space', `more than ${MAX_ETCD_WATCHES} watches`);
    }
    const watch = new EtcdWatch(range, fromRevision, handlers, this.#watchDeps);
    this.#watches.add(watch);
    return watch;
  }

  async compact(revision: number, options: CallOptions = {}): Promise<void> {
    try {
      await this.#kv.unary('KV', (client) => client.compact, { revision }, 'read', options.timeoutMs);
    } catch (error: unknown) {
      // Gone already, which is what was asked for.
      if (!(error instanceof StoreError && error.code === 'compacted')) throw error;
    }
  }

  close(): Promise<void> {
    if (!this.#closed) {
      this.#closed = true;
      for (const watch of [...this.#watches]) watch.close();
      this.#kv.close();
      this.#leaseCalls.close();
      this.#watchDeps.calls.close();
    }
    return Promise.resolve();
  }
}
