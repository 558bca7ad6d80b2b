import type { Random } from '@parkade/clock';
import {
  type CallOptions,
  type Store,
  StoreError,
  type Txn,
  type TxnResult,
  type Watch,
  type WatchHandlers,
} from '@parkade/store';
import type { Host } from './host.js';
import type { Sabotage } from './sabotage.js';
import type { Scheduler } from './scheduler.js';

const DEFAULT_TIMEOUT_MS = 5_000;
const MIN_MS = 0.3;
const MAX_MS = 2;
/** A request that is late reaches the store up to this long after it was sent. */
const LATEST_MS = 3_000;

/** What is wrong on one host's way to the store; shares of its calls between 0 and 1. */
export interface StoreFaults {
  /** Nothing comes back in time, and nothing gets there: cut off. */
  cut: boolean;
  /** Applied, but the answer is lost. */
  lose: number;
  /** Never gets there, and nobody says so. */
  drop: number;
  /** Gets there late, perhaps after its time is over. */
  late: number;
  /** What is watched is told this much later. */
  watchLagMs: number;
  /** Nothing that is watched is told, until this is false again. */
  holdWatches: boolean;
}

export const noStoreFaults = (): StoreFaults => ({
  cut: false,
  lose: 0,
  drop: 0,
  late: 0,
  watchLagMs: 0,
  holdWatches: false,
});

/**
 * One host's way to the store all share.
 *
 *   F1. A call is applied at one moment after it was made, or never. When no answer comes within its time, it is told that nobody
 *       knows; a read then simply failed.
 *   F2. What a watch tells comes in its order and without a gap, only later.
 */
export class SimStore implements Store {
  faults = noStoreFaults();
  /** Leases this host was granted, the latest last. */
  readonly leases: string[] = [];
  readonly #watches = new Set<Watch>();
  readonly #held: (() => void)[] = [];
  #lastTellMs = 0;
  #closed = false;

  constructor(
    private readonly inner: Store,
    private readonly host: Host,
    private readonly scheduler: Scheduler,
    private readonly sabotage: Sabotage = {},
    /** Hears of every transaction that was applied, as it was meant, and the revision it was applied at. */
    private readonly committed: (meant: Txn, revision: number) => void = () => undefined,
  ) {
    host.onDeath.add(() => this.#end());
  }

  get(...[key, options]: Parameters<Store['get']>): ReturnType<Store['get']> {
    return this.#call(false, options, () => this.inner.get(key, options));
  }

  range(...[range, options]: Parameters<Store['range']>): ReturnType<Store['range']> {
    return this.#call(false, options, () => this.inner.range(range, options));
  }

  async txn(given: Txn, options?: CallOptions): Promise<TxnResult> {
    const { sabotage } = this;
    const txn = sabotage.sent?.(given) ?? given;
    const apply = async (): Promise<TxnResult> => {
      const result = await this.inner.txn(txn, options);
      if (result.succeeded) this.committed(given, result.revision);
      return result;
    };
    const made = sabotage.answered?.(txn);
    if (made !== undefined) return made;
    const early = sabotage.early?.(txn);
    if (early !== undefined) {
      void this.#call(true, options, apply).catch(() => undefined);
      return early(await this.#call(false, options, () => this.inner.range({ start: '/' })));
    }
    try {
      const answer = await this.#call(true, options, apply);
      return sabotage.told?.(txn, answer) ?? answer;
    } catch (error) {
      if (sabotage.blindRetry !== true || !(error instanceof StoreError) || !error.unknownOutcome) throw error;
      return await this.#call(true, options, apply);
    }
  }

  async grantLease(ttlMs: number, options?: CallOptions): ReturnType<Store['grantLease']> {
    const lease = await this.#call(true, options, () => this.inner.grantLease(ttlMs, options));
    this.leases.push(lease.id);
    return lease;
  }

  keepAlive(leaseId: string, options?: CallOptions): Promise<void> {
    return this.#call(true, options, () => this.inner.keepAlive(leaseId, options));
  }

  revokeLease(leaseId: string, options?: CallOptions): Promise<void> {
    return this.#call(true, options, () => this.inner.revokeLease(leaseId, options));
  }

  compact(revision: number, options?: CallOptions): Promise<void> {
    return this.#call(false, options, () => this.inner.compact(revision, options));
  }

  watch(...[range, from, handlers]: Parameters<Store['watch']>): Watch {
    if (this.#closed) throw new StoreError('unavailable', 'the store is closed');
    let over = false;
    const { swallows } = this.sabotage;
    const told: WatchHandlers = {
      events: (events, revision) =>
        this.#tell(() => {
          if (over) return;
          const seen =
            swallows === undefined
              ? events
              : events.filter((event) => !swallows(event.kind === 'put' ? event.kv.key : event.key));
          if (seen.length > 0) handlers.events(seen, revision);
        }),
      compacted: (revision) =>
        this.#tell(() => {
          if (!over) handlers.compacted(revision);
        }),
      connected: (up) =>
        this.#tell(() => {
          if (!over) handlers.connected?.(up);
        }),
    };
    const watch = this.inner.watch(range, from, told);
    this.#watches.add(watch);
    return {
      close: () => {
        over = true;
        this.#watches.delete(watch);
        watch.close();
      },
    };
  }

  close(): Promise<void> {
    this.#end();
    return Promise.resolve();
  }

  /** Nothing is wrong any more. */
  heal(): void {
    this.faults = noStoreFaults();
    for (const fn of this.#held.splice(0)) this.#tell(fn);
  }

  #end(): void {
    this.#closed = true;
    for (const watch of this.#watches) watch.close();
    this.#watches.clear();
  }

  #call<T>(writes: boolean, options: CallOptions | undefined, apply: () => Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(new StoreError('unavailable', 'the store is closed'));
    const { host, scheduler, faults } = this;
    const random: Random = scheduler.random;
    const draw = random.next();
    const dropped = faults.cut || draw < faults.drop;
    const late = !dropped && draw < faults.drop + faults.late;
    const lost = !dropped && !late && draw < faults.drop + faults.late + faults.lose;
    return new Promise((resolve, reject) => {
      const limit = host.after(options?.timeoutMs ?? DEFAULT_TIMEOUT_MS, () =>
        reject(new StoreError('unavailable', 'no answer in time', writes)),
      );
      if (dropped) return;
      const back = (fn: () => void): void =>
        void scheduler.after(way(random), host, () => {
          limit.cancel();
          fn();
        });
      scheduler.after(late ? random.next() * LATEST_MS : way(random), undefined, () => {
        apply().then(
          (result) => {
            if (lost || this.faults.cut)
              back(() => reject(new StoreError('unavailable', 'the answer was lost', writes)));
            else back(() => resolve(result));
          },
          (error: unknown) => back(() => reject(error instanceof Error ? error : new Error(String(error)))),
        );
      });
    });
  }

  #tell(fn: () => void): void {
    const { scheduler, faults } = this;
    if (faults.holdWatches || faults.cut) {
      this.#held.push(fn);
      return;
    }
    this.#lastTellMs = Math.max(this.#lastTellMs, scheduler.nowMs + way(scheduler.random) + faults.watchLagMs);
    this.host.after(this.#lastTellMs - scheduler.nowMs, fn);
  }
}

function way(random: Random): number {
  return MIN_MS + random.next() * (MAX_MS - MIN_MS);
}
