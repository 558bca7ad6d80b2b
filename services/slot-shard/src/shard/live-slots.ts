import type { SlotRecord } from '@parkade/proto';
import TinyQueue from 'tinyqueue';
import { nextDueMs } from '../machine/index.js';
import type { TenantUse } from '../quotas/tenant-use.js';
import type { ShardImage } from './image.js';
import type { SlotEntry, SlotTable } from './slot-table.js';

/** The committed slots of a shard, with what is to happen to them as time goes by. */
export class LiveSlots {
  readonly table: SlotTable;
  readonly #due = new TinyQueue<{ readonly atMs: number; readonly entry: SlotEntry }>([], (a, b) => a.atMs - b.atMs);
  /** Slots held for a move: the move is written by another shard's owner. */
  readonly #held = new Set<SlotEntry>();
  readonly #loadedRevision: number;
  #revision: number;
  #gcRevision: number;

  /** Takes the image's slots over: it must not be changed any more. `onDue` hears when a slot is to be looked at, wall ms. */
  constructor(
    image: ShardImage,
    use?: TenantUse,
    private readonly onDue: (atMs: number) => void = () => undefined,
  ) {
    this.table = image.table;
    this.table.attach(use);
    this.#loadedRevision = image.revision;
    this.#revision = this.#loadedRevision;
    this.#gcRevision = image.mark.gcRevision;
    for (const entry of this.table.entries()) this.#watch(entry);
    for (const [lot, cursor] of Object.entries(image.mark.cursors)) this.table.restoreCursor(lot, cursor);
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

  /** When a slot is to be looked at next, wall ms; undefined: none is. */
  get nextDueMs(): number | undefined {
    return this.#due.peek()?.atMs;
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
    if (atMs === undefined) return;
    this.#due.push({ atMs, entry });
    this.onDue(atMs);
  }

  /**
   * Tombstones older than `horizonMs` with revisions up to `maxRevision`; at most `limit`. They count as being written, until
   * `collected` or `notCollected`.
   */
  claimTombstones(nowMs: number, horizonMs: number, maxRevision: number, limit: number): SlotEntry[] {
    const claimed = this.table.tombstones({ nowMs, horizonMs, maxRevision, limit });
    for (const entry of claimed) entry.writing = true;
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
  }

  #put(entry: SlotEntry, record: SlotRecord, revision: number): void {
    this.table.install(entry, record, revision);
    this.#watch(entry);
  }

  /** Notes whether the slot is held, and when time changes it. */
  #watch(entry: SlotEntry): void {
    entry.held = entry.record?.parks.some((park) => park.state?.$case === 'incoming') ?? false;
    if (entry.held) this.#held.add(entry);
    else this.#held.delete(entry);
    this.schedule(entry);
  }
}
