import type { Clock } from '@parkade/clock';
import type { Log } from '@parkade/rpc';
import type { Store } from '@parkade/store';
import { catchUp, type Publisher, type ShardCommitted } from './publisher/index.js';
import type { ShardImage } from './shard/image.js';
import type { SlotTable } from './shard/slot-table.js';

export interface PublishingDeps {
  readonly publisher: Publisher;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  /** The records of a shard as they are when they are asked for; `table`: where it is not served yet. */
  readonly recordsOf: (shard: number, table?: SlotTable) => Iterable<ShardCommitted>;
}

/** Lets each shard's publisher catch up from the store's history: when the shard comes, and when it fell behind. */
export class Publishing {
  readonly #catchingUp = new Map<number, AbortController>();
  #relight = false;

  constructor(private readonly deps: PublishingDeps) {}

  /** The bus keeps no lamps: those of every shard that comes are published, whatever its mark says. */
  relight(): void {
    this.#relight = true;
  }

  /** The shard is served from now on as `image`: what its mark does not cover is published again. */
  begin(shard: number, image: ShardImage): void {
    const newest = image.table.newestRevision;
    this.deps.publisher.adopt(shard, image.mark.publishedRevision, newest);
    if (newest > image.mark.publishedRevision) this.lagging(shard);
    if (this.#relight) void this.deps.publisher.republishLamps(this.deps.recordsOf(shard, image.table));
  }

  /** The shard fell behind: reads what it lacks. */
  lagging(shard: number): void {
    if (this.#catchingUp.has(shard)) return;
    const { publisher, store, clock, log, recordsOf } = this.deps;
    const stop = new AbortController();
    this.#catchingUp.set(shard, stop);
    const deps = {
      publisher,
      store,
      clock,
      onGap: (_: number, before: number): void => {
        log.warn('events are missing: the history of their records is gone', { shard, before });
        void publisher.republishLamps(recordsOf(shard));
      },
      onTrouble: (_: number, cause: unknown): void =>
        log.warn('history could not be read', { shard, cause: String(cause) }),
    };
    void catchUp(deps, shard, stop.signal).then(() => {
      if (this.#catchingUp.get(shard) === stop) this.#catchingUp.delete(shard);
    });
  }

  /** The shard is not ours any more; its next owner publishes the rest. */
  lost(shard: number): void {
    this.#catchingUp.get(shard)?.abort();
    this.#catchingUp.delete(shard);
    this.deps.publisher.forget(shard);
  }
}
