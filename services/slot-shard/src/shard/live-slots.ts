import type { SlotRecord } from '@parkade/proto';
import TinyQueue from 'tinyqueue';
import { nextDueMs } from '../machine/index.js';
import type { TenantUse } from '../quotas/tenant-use.js';
import type { ShardImage } from './image.js';
import { type SlotEntry, SlotTable } from './slot-table.js';

interface Tombstone {
  readonly entry: SlotEntry;
  readonly revision: number;
  readonly atMs: number;
}

/** The committed slots of a shard, with what is to happen to them as time goes by. */
export class LiveSlots {
  readonly table: SlotTable;
  readonly #due = new TinyQueue<{ readonly atMs: number; readonly entry: SlotEntry }>([], (a, b) => a.atMs - b.atMs);
  /** Slots that were freed, oldest first; some are in use again. */
  readonly #tombstones: Tombstone[] = [];
  /** Slots held for a move: the move is written by another shard's owner. */
  readonly #held = new Set<SlotEntry>();
  readonly #loadedRevision: number;
  #revision: number;
  #gcRevision: number;

  constructor(shard: number, shardCount: number, image?: ShardImage, use?: TenantUse) {
    this.table = new SlotTable(shard, shardCount, use);
    this.#loadedRevision = image?.revision ?? 0;
    this.#revision = this.#loadedRevision;
    this.#gcRevision = image?.mark.gcRevision ?? 0;
    for (const { record, revision } of image?.slots.values() ?? []) {
      if (record.name === undefined) continue;
      const { tenantId, lotId, slot } = record.name;
      this.#put(this.table.entry(tenantId, lotId, slot), record, revision);
    }
    this.#tombstones.sort((a, b) => a.atMs - b.atMs);
    for (const [lot, cursor] of Object.entries(image?.mark.cursors ?? {})) this.table.restoreCursor(lot, cursor);
  }

  /** The highest revision of the shard that is known here. */
  get revision(): number {
    return this.#revision;
  }

  /**
   * Every change of the shard at or below this revision is known here, when those of this process at or below `answered` are:
   * a move into a held slot may have been written since the hold, and nobody has told us yet.
   */
  knownRevision(answered: number): number {
    let known = answered;
    for (const { revision } of this.#held) known = Math.min(known, revision);
    return Math.max(this.#loadedRevision, known);
  }

  /** Tombstones up to this revision may be gone. */
  get gcRevision(): number {
    return this.#gcRevision;
  }

  /** A record is durable. A hold for a move from another shard closes the slot. */
  committed(entry: SlotEntry, record: SlotRecord, revision: number): void {
    this.#revision = Math.max(this.#revision, revision);
    this.#put(entry, record, revision);
  }

  /** The slots whose time has come; one being written comes again by itself once that is durable. */
  *due(nowMs: number): IterableIterator<SlotEntry> {
    for (let due = this.#due.peek(); due !== undefined && due.atMs <= nowMs; due = this.#due.peek()) {
      this.#due.pop();
      const { record, writing } = due.entry;
      if (!writing && record !== undefined && (nextDueMs(record) ?? Infinity) <= nowMs) yield due.entry;
    }
  }

  /** Looks at the slot's time again at `atMs`, or when its record says. */
  schedule(entry: SlotEntry, atMs = entry.record === undefined ? undefined : nextDueMs(entry.record)): void {
    if (atMs !== undefined) this.#due.push({ atMs, entry });
  }

  /**
   * Tombstones older than `horizonMs` with revisions up to `maxRevision`; at most `limit`. They count as being written, until
   * `collected` or `notCollected`.
   */
  claimTombstones(nowMs: number, horizonMs: number, maxRevision: number, limit: number): SlotEntry[] {
    const claimed: SlotEntry[] = [];
    while (claimed.length < limit) {
      const oldest = this.#tombstones[0];
      if (oldest === undefined) break;
      if (oldest.atMs > nowMs) {
        // The wall clock was set back: it must not hold up all that come after it.
        this.#tombstones.shift();
        this.#tombstones.push({ ...oldest, atMs: nowMs });
        continue;
      }
      if (oldest.atMs >= nowMs - horizonMs || oldest.revision > maxRevision) break;
      this.#tombstones.shift();
      if (oldest.entry.revision !== oldest.revision || oldest.entry.writing) continue;
      oldest.entry.writing = true;
      claimed.push(oldest.entry);
    }
    return claimed;
  }

  /** The tombstone is deleted from the store. */
  collected(entry: SlotEntry): void {
    this.#gcRevision = Math.max(this.#gcRevision, entry.revision);
    this.table.remove(entry);
  }

  /** The tombstone stays for now. */
  notCollected(entry: SlotEntry): void {
    entry.writing = false;
    this.#tombstones.unshift({ entry, revision: entry.revision, atMs: entry.record?.last?.atMs ?? 0 });
  }

  #put(entry: SlotEntry, record: SlotRecord, revision: number): void {
    this.table.install(entry, record, revision);
    entry.held = record.parks.some((park) => park.state?.$case === 'incoming');
    if (entry.held) this.#held.add(entry);
    else this.#held.delete(entry);
    this.schedule(entry);
    if (record.parks.length === 0) this.#tombstones.push({ entry, revision, atMs: record.last?.atMs ?? 0 });
  }
}
