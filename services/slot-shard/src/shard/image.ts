import type { Clock } from '@parkade/clock';
import { keys } from '@parkade/ids';
import { JournalEntry, ShardMark, SlotRecord } from '@parkade/proto';
import { type KeyValue, prefixRange, type Store, type Watch, type WatchEvent } from '@parkade/store';

/** A slot as the store holds it. */
export interface StoredSlot {
  readonly key: string;
  readonly record: SlotRecord;
  readonly revision: number;
}

/** A commit's answers as the store holds them. */
export interface StoredCommit {
  readonly key: string;
  readonly entry: JournalEntry;
  readonly revision: number;
  /** `entry` as it is stored. */
  readonly value: Uint8Array;
}

/** All that the store holds of a shard at one revision. */
export class ShardImage {
  readonly slots = new Map<string, StoredSlot>();
  readonly journal = new Map<string, StoredCommit>();
  mark: ShardMark = ShardMark.create();
  /** Whether a mark was ever written. */
  marked = false;
  revision = 0;
  readonly #slotsPrefix: string;
  readonly #journalPrefix: string;
  readonly #markKey: string;

  constructor(shard: number) {
    this.#slotsPrefix = keys.slots(shard);
    this.#journalPrefix = keys.journal(shard);
    this.#markKey = keys.mark(shard);
  }

  put({ key, value, modRevision }: KeyValue): void {
    if (key.startsWith(this.#slotsPrefix)) {
      this.slots.set(key, { key, record: SlotRecord.decode(value), revision: modRevision });
    } else if (key.startsWith(this.#journalPrefix)) {
      // In memory of its own: what was read is a piece of a page of megabytes.
      const own = Buffer.from(value);
      this.journal.set(key, { key, entry: JournalEntry.decode(own), revision: modRevision, value: own });
    } else if (key === this.#markKey) {
      this.mark = ShardMark.decode(value);
      this.marked = true;
    }
  }

  apply(event: WatchEvent): void {
    if (event.kind === 'put') {
      this.put(event.kv);
      return;
    }
    this.slots.delete(event.key);
    this.journal.delete(event.key);
  }
}

/** Reads a shard whole at one revision. Yields to the event loop every `sliceMs`. */
export async function loadShard(store: Store, shard: number, clock: Clock, sliceMs: number): Promise<ShardImage> {
  const image = new ShardImage(shard);
  const { kvs, revision } = await store.range(prefixRange(keys.shard(shard)), { timeoutMs: 30_000 });
  let sliceStart = clock.monotonicMs();
  for (const kv of kvs) {
    image.put(kv);
    if (clock.monotonicMs() - sliceStart < sliceMs) continue;
    await new Promise<void>((resolve) => clock.defer(resolve));
    sliceStart = clock.monotonicMs();
  }
  image.revision = revision;
  return image;
}

/**
 * A copy of a shard that another process owns, kept up to date until the shard is handed over: the hand-off's own transaction
 * writes a key in the shard's prefix, so the copy knows when it has seen everything.
 */
export class ShardPreload {
  readonly #image: ShardImage;
  readonly #watch: Watch;
  readonly #handOffKey: string;
  #handedOffAt = 0;
  #waiting: ((whole: boolean) => void) | undefined;
  #broken = false;

  private constructor(store: Store, shard: number, image: ShardImage) {
    this.#image = image;
    this.#handOffKey = keys.handOff(shard);
    this.#watch = store.watch(prefixRange(keys.shard(shard)), image.revision + 1, {
      events: (events, revision) => this.#apply(events, revision),
      compacted: () => this.#break(),
    });
  }

  static async start(store: Store, shard: number, clock: Clock, sliceMs: number): Promise<ShardPreload> {
    return new ShardPreload(store, shard, await loadShard(store, shard, clock, sliceMs));
  }

  /** The whole shard as of the hand-off that made `epoch`; undefined when the copy cannot be completed within `timeoutMs`. */
  async finish(epoch: number, clock: Clock, timeoutMs: number): Promise<ShardImage | undefined> {
    const whole = await new Promise<boolean>((resolve) => {
      if (this.#broken || this.#handedOffAt >= epoch) {
        resolve(!this.#broken);
        return;
      }
      const timer = clock.setTimer(timeoutMs, () => this.#settle(false));
      this.#waiting = (ok) => {
        timer.cancel();
        resolve(ok);
      };
    });
    this.close();
    return whole && this.#handedOffAt === epoch ? this.#image : undefined;
  }

  close(): void {
    this.#watch.close();
    this.#break();
  }

  #apply(events: readonly WatchEvent[], revision: number): void {
    for (const event of events) {
      if (event.kind === 'put' && event.kv.key === this.#handOffKey) this.#handedOffAt = event.kv.modRevision;
      else this.#image.apply(event);
    }
    this.#image.revision = revision;
    if (this.#handedOffAt > 0) this.#settle(true);
  }

  #break(): void {
    this.#broken = true;
    this.#settle(false);
  }

  #settle(whole: boolean): void {
    this.#waiting?.(whole);
    this.#waiting = undefined;
  }
}
