import type { SlotRecord } from '@parkade/proto';
import type { Log } from '@parkade/rpc';
import type { ShardImage, StoredSlot } from './shard/image.js';

/** A record whose event is to be published. */
export interface Published {
  readonly slotKey: string;
  readonly record: SlotRecord;
  readonly revision: number;
}

/** What takes events and lamps to the bus. */
export interface EventSink {
  committed(shard: number, slotKey: string, record: SlotRecord, revision: number): void;
  replay(shard: number, records: readonly Published[]): void;
  republishLamps(records: readonly Published[]): void;
  publishedRevision(shard: number): number | 'all';
  forget(shard: number): void;
}

/** Reads a shard's records of the past, in the order of their revisions. `gap`: history begins only after that revision. */
export type ReadHistory = (
  shard: number,
  fromRevision: number,
  toRevision: number,
  onRecord: (published: Published) => void,
) => Promise<'ok' | { readonly gap: number }>;

/**
 * Publishes what a new owner finds unpublished before what it commits itself.
 *
 *   E1. Every transition after the shard's mark is published, at least once, in the order of each slot: first those of earlier
 *       owners, out of the store's history, then those of this one.
 *   E2. While history is being read, what is committed waits here; it is bounded by the time that takes (`unread` says how many).
 *   E3. Where history is gone, lamps are published from the records as they are, and `onGap` says so.
 */
export class Publishing {
  readonly #held = new Map<number, Published[]>();

  constructor(
    private readonly sink: EventSink,
    private readonly readHistory: ReadHistory,
    private readonly log: Log,
    private readonly onGap: (shard: number, records: readonly StoredSlot[]) => void,
  ) {}

  /** The shard begins to be served as `image`. */
  begin(shard: number, image: ShardImage): void {
    let newest = 0;
    for (const { revision } of image.slots.values()) newest = Math.max(newest, revision);
    if (newest <= image.mark.publishedRevision) return;
    this.#held.set(shard, []);
    void this.#catchUp(shard, image.mark.publishedRevision + 1, image);
  }

  committed(shard: number, slotKey: string, record: SlotRecord, revision: number): void {
    const held = this.#held.get(shard);
    if (held === undefined) this.sink.committed(shard, slotKey, record, revision);
    else held.push({ slotKey, record, revision });
  }

  /** Up to where everything is published; undefined while history is being read. */
  publishedRevision(shard: number): number | 'all' | undefined {
    return this.#held.has(shard) ? undefined : this.sink.publishedRevision(shard);
  }

  lost(shard: number): void {
    this.#held.delete(shard);
    this.sink.forget(shard);
  }

  async #catchUp(shard: number, fromRevision: number, image: ShardImage): Promise<void> {
    const held = this.#held.get(shard);
    const past: Published[] = [];
    const result = await this.readHistory(shard, fromRevision, image.revision, (published) =>
      past.push(published),
    ).catch((error: unknown) => {
      this.log.warn('history could not be read', { shard, error: String(error) });
      return { gap: image.revision };
    });
    if (this.#held.get(shard) !== held || held === undefined) return;
    this.sink.replay(shard, past);
    if (result !== 'ok') {
      const records = [...image.slots.values()];
      this.log.warn('events are missing: the history of their records is gone', { shard, before: result.gap });
      this.onGap(shard, records);
      this.sink.republishLamps(records.map(({ key, record, revision }) => ({ slotKey: key, record, revision })));
    }
    this.#held.delete(shard);
    for (const { slotKey, record, revision } of held) this.sink.committed(shard, slotKey, record, revision);
  }
}
