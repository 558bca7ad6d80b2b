import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from '@parkade/clock';
import { type CallOptions, type Store, StoreError, type Txn, type TxnResult, type WatchHandlers } from '@parkade/store';
import type { Gate } from './gate.js';

/** How often, of a hundred transactions, each thing happens. */
export interface FaultRates {
  /** Applied, but the answer is lost. */
  readonly lose: number;
  /** Not applied, and nobody says so. */
  readonly refuse: number;
  /** Applied late: after its time is over, when that is shorter. */
  readonly delay: number;
}

export const NO_FAULTS: FaultRates = { lose: 0, refuse: 0, delay: 0 };

/** A build that is broken on purpose: what its store hears, and is told, is not what it should be. */
export interface Sabotage {
  /** Another transaction goes to the store. */
  readonly sent?: (txn: Txn) => Txn;
  /** An answer that is made up, without asking the store. */
  readonly answered?: (txn: Txn) => TxnResult | undefined;
  /** A transaction whose answer was lost is sent again. */
  readonly blindRetry?: boolean;
  /** What the store answered is told otherwise. */
  readonly told?: (txn: Txn, result: TxnResult) => TxnResult;
  /** Changes of these keys are not told to whoever watches them. */
  readonly swallows?: (key: string) => boolean;
}

const LONGEST_DELAY_MS = 900;

/**
 * The way of one owner to the store. Frozen (by its gate), nothing passes in either direction; cut off, every call fails
 * without an answer. What was watched meanwhile is told afterwards: a watch never skips.
 */
export class FaultyStore {
  readonly store: Store;
  rates: FaultRates = NO_FAULTS;
  cut = false;
  #holding = false;
  #held: (() => void)[] = [];

  constructor(
    private readonly inner: Store,
    private readonly random: Random,
    private readonly gate: Gate,
    private readonly sabotage: Sabotage = {},
  ) {
    this.store = {
      get: (key, options) => this.#reach(false, () => inner.get(key, options)),
      range: (range, options) => this.#reach(false, () => inner.range(range, options)),
      txn: (txn, options) => this.#reach(true, () => this.#txn(txn, options)),
      grantLease: (ttlMs, options) => this.#reach(true, () => inner.grantLease(ttlMs, options)),
      keepAlive: (leaseId, options) => this.#reach(true, () => inner.keepAlive(leaseId, options)),
      revokeLease: (leaseId, options) => this.#reach(true, () => inner.revokeLease(leaseId, options)),
      compact: (revision, options) => this.#reach(false, () => inner.compact(revision, options)),
      watch: (range, from, handlers) => inner.watch(range, from, this.#watching(handlers)),
      close: () => Promise.resolve(),
    };
  }

  /** While true, what the store has to tell of changes waits; calls pass. */
  set holdWatches(holding: boolean) {
    this.#holding = holding;
    this.#tellHeld();
  }

  async #reach<T>(writes: boolean, call: () => Promise<T>): Promise<T> {
    await this.#passed(writes);
    const result = await call();
    await this.#passed(writes);
    return result;
  }

  async #passed(writes: boolean): Promise<void> {
    await this.gate.passed();
    if (this.cut) throw unavailable('cut off', writes);
  }

  async #txn(given: Txn, options: CallOptions = {}): Promise<TxnResult> {
    const { sabotage, rates, random, inner } = this;
    const txn = sabotage.sent?.(given) ?? given;
    const made = sabotage.answered?.(txn);
    if (made !== undefined) return made;
    const draw = random.next() * 100;
    if (draw < rates.refuse) throw unavailable('refused', true);
    if (draw < rates.refuse + rates.delay) {
      const lateMs = random.next() * LONGEST_DELAY_MS;
      const late = delay(lateMs).then(() => inner.txn(txn, options));
      const { timeoutMs = 5_000 } = options;
      if (lateMs < timeoutMs) return late;
      late.catch(() => undefined);
      await delay(timeoutMs);
      throw unavailable('timed out', true);
    }
    const answer = await inner.txn(txn, options);
    const result = sabotage.told?.(txn, answer) ?? answer;
    if (draw >= rates.refuse + rates.delay + rates.lose) return result;
    if (sabotage.blindRetry === true) return inner.txn(txn, options);
    throw unavailable('the answer was lost', true);
  }

  #watching(handlers: WatchHandlers): WatchHandlers {
    const { swallows } = this.sabotage;
    return {
      events: (events, revision) => {
        const told = events.filter((event) => swallows?.(event.kind === 'put' ? event.kv.key : event.key) !== true);
        this.#tell(() => handlers.events(told, revision));
      },
      compacted: (revision) => this.#tell(() => handlers.compacted(revision)),
    };
  }

  #tell(fn: () => void): void {
    this.#held.push(fn);
    this.#tellHeld();
  }

  #tellHeld(): void {
    if (this.#holding) return;
    if (this.gate.open) for (const fn of this.#held.splice(0)) fn();
    else void this.gate.passed().then(() => this.#tellHeld());
  }
}

function unavailable(message: string, unknown: boolean): StoreError {
  return new StoreError('unavailable', message, unknown);
}
