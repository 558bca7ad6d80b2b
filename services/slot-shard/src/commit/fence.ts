import type { Clock } from '@parkade/clock';
import type { Compare, Op, Store } from '@parkade/store';
import { MAX_TXN_OPS } from '@parkade/store';

/** `yes`: still the owner at a moment after the call. `no`: not any more. `unknown`: the store did not say. */
export type FenceResult = 'yes' | 'no' | 'unknown';

/** A shard and the epoch under which something was decided. */
export interface Fenced {
  readonly shard: number;
  readonly ownerKey: string;
  readonly epoch: number;
}

/**
 * Proof that an answer which writes nothing was true: one linearizable read of the owner keys, begun after the request came, shared
 * by everything asked in one turn of the event loop.
 *
 *   F1. `check` resolves `yes` only when the store, asked after the call of `check`, still had the epoch.
 *   F2. At most `maxReads` reads are under way; what comes meanwhile shares the next.
 */
export class ReadFence {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #maxReads: number;
  #waiting = new Map<string, { fenced: Fenced; resolve: ((result: FenceResult) => void)[] }>();
  #reads = 0;
  #scheduled = false;

  constructor(store: Store, clock: Clock, timeoutMs: number, maxReads = 2) {
    this.#store = store;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#maxReads = maxReads;
  }

  /** Calls back once it is known whether the epoch still stood after this call. */
  check(fenced: Fenced, done: (result: FenceResult) => void): void {
    const key = `${fenced.shard}/${fenced.epoch}`;
    const waiting = this.#waiting.get(key);
    if (waiting === undefined) this.#waiting.set(key, { fenced, resolve: [done] });
    else waiting.resolve.push(done);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled || this.#reads >= this.#maxReads || this.#waiting.size === 0) return;
    this.#scheduled = true;
    this.#clock.defer(() => {
      this.#scheduled = false;
      const batch = [...this.#waiting.entries()].slice(0, MAX_TXN_OPS);
      for (const [key] of batch) this.#waiting.delete(key);
      this.#reads++;
      void this.#read(batch.map(([, waiting]) => waiting)).finally(() => {
        this.#reads--;
        this.#schedule();
      });
      this.#schedule();
    });
  }

  async #read(batch: readonly { fenced: Fenced; resolve: ((result: FenceResult) => void)[] }[]): Promise<void> {
    const compare = batch.map(({ fenced }): Compare => ({ kind: 'mod', key: fenced.ownerKey, revision: fenced.epoch }));
    // The read makes the transaction linearizable also where every compare holds.
    const gets = batch.map(({ fenced }): Op => ({ kind: 'get', range: { start: fenced.ownerKey }, keysOnly: true }));
    const results = await this.#store
      .txn({ compare, success: gets.slice(0, 1), failure: gets }, { timeoutMs: this.#timeoutMs })
      .then(
        ({ succeeded, results: found }) =>
          batch.map(({ fenced }, i): FenceResult =>
            succeeded || found[i]?.[0]?.modRevision === fenced.epoch ? 'yes' : 'no',
          ),
        () => batch.map((): FenceResult => 'unknown'),
      );
    batch.forEach(({ resolve }, i) => {
      for (const done of resolve) done(results[i] ?? 'unknown');
    });
  }
}
