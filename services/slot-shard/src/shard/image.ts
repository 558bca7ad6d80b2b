import type { Clock, Random } from '@parkade/clock';
import { keys, parseSlotKey } from '@parkade/ids';
import { JournalEntry, ShardMark } from '@parkade/proto';
import {
  type KeyValue,
  prefixRange,
  type RangeResult,
  type Store,
  StoreError,
  type Watch,
  type WatchEvent,
} from '@parkade/store';
import { SlotTable } from './slot-table.js';

/** A commit's answers as the store holds them. */
export interface StoredCommit {
  readonly key: string;
  readonly entry: JournalEntry;
  readonly revision: number;
  /** `entry` as it is stored. */
  readonly value: Uint8Array;
}

/** All that the store holds of a shard at one revision. Slots are packed as they come, so that a large shard needs little room. */
export class ShardImage {
  readonly table: SlotTable;
  readonly journal = new Map<string, StoredCommit>();
  mark: ShardMark = ShardMark.create();
  /** Whether a mark was ever written. */
  marked = false;
  revision = 0;
  readonly #slotsPrefix: string;
  readonly #journalPrefix: string;
  readonly #markKey: string;

  /** Of a shard of which nothing was read yet. `random`: see `SlotTable`. */
  constructor(shard: number, random: Pick<Random, 'bytes'>) {
    this.table = new SlotTable(shard, random);
    this.#slotsPrefix = keys.slots(shard);
    this.#journalPrefix = keys.journal(shard);
    this.#markKey = keys.mark(shard);
  }

  put({ key, value, modRevision }: KeyValue): void {
    if (key.startsWith(this.#slotsPrefix)) {
      this.table.load(value, modRevision);
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
    this.journal.delete(event.key);
    const name = parseSlotKey(event.key);
    const entry = name === undefined ? undefined : this.table.find(name.tenantId, name.lotId, name.slot);
    if (entry !== undefined) this.table.remove(entry);
  }
}

/** Keys of a page: while one is unpacked the store reads the next. */
const PAGE_KEYS = 5_000;
/** A page takes a fraction of a second; nobody is served until a lost one is asked for again. */
const PAGE_TIMEOUT_MS = 5_000;
/** How often a shard is begun anew whose revision was compacted while it was read. */
const MAX_RESTARTS = 3;

/** What reading a shard takes. */
export interface LoadDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Pick<Random, 'bytes'>;
}

/** Reads a shard whole at one revision. Yields to the event loop every `sliceMs`. */
export async function loadShard(deps: LoadDeps, shard: number, sliceMs: number): Promise<ShardImage> {
  for (let restarts = 0; ; restarts++) {
    try {
      return await loadPages(deps, shard, sliceMs);
    } catch (error) {
      if (!(error instanceof StoreError && error.code === 'compacted') || restarts >= MAX_RESTARTS) throw error;
    }
  }
}

async function loadPages({ store, clock, random }: LoadDeps, shard: number, sliceMs: number): Promise<ShardImage> {
  const image = new ShardImage(shard, random);
  const range = prefixRange(keys.shard(shard));
  const options = { limit: PAGE_KEYS, timeoutMs: PAGE_TIMEOUT_MS };
  let sliceStart = clock.monotonicMs();
  let next: Promise<RangeResult> | undefined = store.range(range, options);
  while (next !== undefined) {
    const { kvs, revision, more }: RangeResult = await next;
    image.revision = revision;
    const last = kvs.at(-1);
    next =
      more && last !== undefined
        ? store.range({ ...range, start: `${last.key}\0` }, { ...options, revision })
        : undefined;
    // It is waited for below; where it fails before that, this is not the place to hear of it.
    next?.catch(() => undefined);
    for (const kv of kvs) {
      image.put(kv);
      if (clock.monotonicMs() - sliceStart < sliceMs) continue;
      await new Promise<void>((resolve) => clock.defer(resolve));
      sliceStart = clock.monotonicMs();
    }
  }
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

  static async start(deps: LoadDeps, shard: number, sliceMs: number): Promise<ShardPreload> {
    return new ShardPreload(deps.store, shard, await loadShard(deps, shard, sliceMs));
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
