import { type CallOptions, type Store, StoreError, type Txn, type TxnResult } from '@parkade/store';

/** What becomes of one transaction. */
export type Fault =
  /** It is applied; the answer is lost. */
  | 'applied-unanswered'
  /** It is not applied; the answer is lost. */
  | 'lost'
  /** The answer is lost, and it is applied when `landLate` is called. */
  | 'late'
  /** It reaches the store. */
  | undefined;

/**
 * A store whose transactions fail as a test says. Cut off, nothing reaches it; paused, calls, answers and events wait (as
 * in a process that is stopped). What was watched meanwhile is told afterwards: a watch never skips.
 */
export class FaultyStore {
  readonly store: Store;
  fault: (txn: Txn) => Fault = () => undefined;
  #cut = false;
  #paused = false;
  #waiting: (() => void)[] = [];
  #late: (() => Promise<TxnResult>)[] = [];

  constructor(inner: Store) {
    const reach = async <T>(call: () => Promise<T>): Promise<T> => {
      await this.#awake();
      if (this.#cut) throw new StoreError('unavailable', 'cut off', true);
      try {
        return await call();
      } finally {
        await this.#awake();
      }
    };
    this.store = {
      get: (key, options) => reach(() => inner.get(key, options)),
      range: (range, options) => reach(() => inner.range(range, options)),
      txn: (txn, options) => reach(() => this.#txn(inner, txn, options)),
      grantLease: (ttlMs, options) => reach(() => inner.grantLease(ttlMs, options)),
      keepAlive: (leaseId, options) => reach(() => inner.keepAlive(leaseId, options)),
      revokeLease: (leaseId, options) => reach(() => inner.revokeLease(leaseId, options)),
      watch: (range, fromRevision, handlers) =>
        inner.watch(range, fromRevision, {
          events: (events, revision) => this.#later(() => handlers.events(events, revision)),
          compacted: (revision) => this.#later(() => handlers.compacted(revision)),
        }),
      compact: (revision, options) => inner.compact(revision, options),
      close: () => inner.close(),
    };
  }

  set cut(cut: boolean) {
    this.#cut = cut;
    this.#wake();
  }

  get paused(): boolean {
    return this.#paused;
  }

  set paused(paused: boolean) {
    this.#paused = paused;
    this.#wake();
  }

  /** Applies the first transaction that is late. */
  async landLate(): Promise<void> {
    await this.#late.shift()?.();
  }

  #awake(): Promise<void> {
    return this.#paused ? new Promise((resolve) => this.#waiting.push(resolve)) : Promise.resolve();
  }

  #later(fn: () => void): void {
    if (this.#paused || this.#cut || this.#waiting.length > 0) this.#waiting.push(fn);
    else fn();
  }

  #wake(): void {
    if (this.#paused || this.#cut) return;
    for (const fn of this.#waiting.splice(0)) fn();
  }

  async #txn(inner: Store, txn: Txn, options: CallOptions | undefined): Promise<TxnResult> {
    const fault = this.fault(txn);
    if (fault === undefined) return inner.txn(txn, options);
    if (fault === 'applied-unanswered') await inner.txn(txn, options);
    if (fault === 'late') this.#late.push(() => inner.txn(txn, options));
    throw new StoreError('unavailable', fault, true);
  }
}

/** The next `count` transactions that put a key starting with `prefix` fail so. */
export function failPuts(prefix: string, fault: Fault, count = 1): (txn: Txn) => Fault {
  let left = count;
  return (txn) => {
    const hit = txn.success.some((op) => op.kind === 'put' && op.key.startsWith(prefix));
    if (!hit || left === 0) return undefined;
    left--;
    return fault;
  };
}
