import type { Random } from '@parkade/clock';
import { HOLDING_LOT, keys, parkIdTimeMs, SecretHash } from '@parkade/ids';
import type { CallRef, SlotName, SlotRecord } from '@parkade/proto';
import type { LotSettings } from '@parkade/settings';
import { decodeRecord, encodeRecord } from '@parkade/slots';
import { nextDueMs } from '../machine/index.js';
import {
  callMarks,
  type Found,
  hasCall,
  NameHashes,
  PackedSlot,
  PackedSlots,
  type SoughtCall,
} from '../packed/index.js';
import type { SlotPool } from '../pool/index.js';
import type { TenantUse } from '../quotas/tenant-use.js';
import { LotPools } from './lot-pools.js';
import { type Lot, Lots } from './lots.js';
import type { Pending } from './pending.js';
import { RecordLoader } from './record-loader.js';
import { SlotNames } from './slot-names.js';

/** A slot as objects: whatever happens to a slot happens to this. */
export interface SlotEntry {
  readonly name: SlotName;
  readonly key: string;
  readonly lot: Lot;
  /** Its number among the slots of the shard, for as long as it has an entry or a record. */
  readonly place: number;
  /** The committed record; undefined: never used, or its tombstone is gone, or the entry was packed and is of no use any more. */
  record: SlotRecord | undefined;
  /** The committed revision; 0: none. */
  revision: number;
  /** When the slot became free, wall ms; 0: it is not free, or was never used. */
  freedAtMs: number;
  /** A write is under way: what comes meanwhile waits. */
  writing: boolean;
  /** Held for a move from another shard: closed until told, or read again. Writes compare the record's revision. */
  held: boolean;
  /** Commands that wait for the slot, in the order they came; undefined: none. */
  waiting: Pending[] | undefined;
  /** Parks that count for the tenant's quotas: the committed ones, and those being written. */
  counted: number;
  /** The round of packing in which somebody asked for it last. */
  round: number;
}

/** A slot with a record, as it stands; good until the table changes. */
export type CommittedSlot = Pick<SlotEntry, 'name' | 'key' | 'revision' | 'freedAtMs'> & {
  readonly record: SlotRecord;
};

/** Which slots are listed: of a tenant, of all its lots (the holding lot only where it is asked for) or of one. */
export interface ListScope {
  readonly tenantId: string;
  /** Empty: all. */
  readonly lotId: string;
  /** With all lots the holding lot, too. */
  readonly holding?: boolean | undefined;
  /** Only slots that have this call; of those that are packed a few others may be among them. */
  readonly call?: SoughtCall | undefined;
}

/** Which tombstones are to go. */
export interface Tombstones {
  /** Wall ms: one that became free later (the clock was set back since) counts as freed now. */
  readonly nowMs: number;
  readonly horizonMs: number;
  readonly maxRevision: number;
  readonly limit: number;
}

/**
 * The slots of a shard, and what finds them.
 *
 *   L1. A park of a committed record is found by its id and by its call, and a call whose park is being written by that; nothing
 *       else is.
 *   L2. A pool holds as busy every slot that is not known to be free: with a park in it, or being written.
 *   L3. `use` counts, of each slot, the parks it has or is about to have, until the table is retired.
 *   L4. A slot with a record is either an entry or packed. Packed is what nobody asked for between two rounds of packing; what is
 *       being written, held, waited for or due stays an entry. Who asks for a packed slot gets an entry that is as the slot was.
 */
export class SlotTable {
  readonly #lots = new Lots();
  readonly #hashes: NameHashes;
  readonly #packed: PackedSlots;
  /** The slots that are not packed, by place. */
  readonly #entries = new Map<number, SlotEntry>();
  readonly #names: SlotNames;
  readonly #loader: RecordLoader;
  #parks = 0;
  #round = 0;
  #use: TenantUse | undefined;

  /** `random`: nobody shall find names of slots or calls whose hashes are the same. */
  constructor(
    readonly shard: number,
    random: Pick<Random, 'bytes'>,
  ) {
    const hash = new SecretHash(random);
    this.#hashes = new NameHashes(hash);
    this.#packed = new PackedSlots(this.#hashes);
    this.#names = new SlotNames(hash);
    this.#loader = new RecordLoader(hash, this.#lots, this.#packed, (lot, parks) => this.#loaded(lot, parks));
  }

  /** How many parks there are. */
  get parkCount(): number {
    return this.#parks;
  }

  /** How many slots have a record that is packed. */
  get packedCount(): number {
    return this.#packed.size;
  }

  /** The highest revision of a record. */
  get newestRevision(): number {
    let newest = 0;
    for (const { revision } of this.#entries.values()) newest = Math.max(newest, revision);
    for (const place of this.#packedPlaces()) newest = Math.max(newest, this.#packed.revisionAt(place));
    return newest;
  }

  /** How many parks a tenant has here, those being written among them. */
  parkCountOf(tenantId: string): number {
    let parks = 0;
    for (const { calls } of this.#lots.ofTenant(tenantId)) parks += calls;
    return parks;
  }

  find(tenantId: string, lotId: string, slot: string): SlotEntry | undefined {
    const entry = this.#lots.find(tenantId, lotId)?.entries.get(slot);
    return this.#asked(entry) ?? this.#unpack(this.#packed.findSlot(tenantId, lotId, slot));
  }

  /** The slot, made where it was never used. An entry that gets no record is dropped by `dropUnused`. */
  entry(tenantId: string, lotId: string, slot: string): SlotEntry {
    const known = this.find(tenantId, lotId, slot);
    return known ?? this.#add(this.#lots.of(tenantId, lotId), { tenantId, lotId, slot }, this.#packed.take());
  }

  /** Forgets a slot that has no record, no write and nobody waiting. */
  dropUnused(entry: SlotEntry): void {
    if (entry.record !== undefined || entry.writing || entry.waiting !== undefined) return;
    if (this.#drop(entry)) this.#packed.release(entry.place);
  }

  byPark(parkId: string): SlotEntry | undefined {
    return this.#asked(this.#names.byPark(parkId)) ?? this.#unpack(this.#packed.findPark(parkId));
  }

  /** The slot a park was in that ended lately. */
  byEndedPark(parkId: string): SlotEntry | undefined {
    return this.#asked(this.#names.byEndedPark(parkId)) ?? this.#unpack(this.#packed.findEnded(parkId));
  }

  /** The slot a call is parked in, or is just being written to. */
  byCall(tenantId: string, call: Pick<CallRef, 'mediaNode' | 'callId'>): SlotEntry | undefined {
    return this.#asked(this.#names.byCall(tenantId, call)) ?? this.#unpack(this.#packed.findCall(tenantId, call));
  }

  /** Whether a slot has a park in it, or is being written. */
  isTaken(tenantId: string, lotId: string, slot: string): boolean {
    const entry = this.#lots.find(tenantId, lotId)?.entries.get(slot);
    if (entry !== undefined) return entry.writing || (entry.record?.parks.length ?? 0) > 0;
    const found = this.#packed.findSlot(tenantId, lotId, slot);
    return found !== undefined && this.#packed.freedAtMs(found.place) === 0;
  }

  /** The committed revision of a slot; 0: it has none. */
  revisionOf({ tenantId, lotId, slot }: SlotName): number {
    const entry = this.#lots.find(tenantId, lotId)?.entries.get(slot);
    if (entry !== undefined) return entry.revision;
    const found = this.#packed.findSlot(tenantId, lotId, slot);
    return found === undefined ? 0 : this.#packed.revisionAt(found.place);
  }

  /** The slots of a tenant's lot that have a record, in no order. */
  *slotsOf(tenantId: string, lotId: string): IterableIterator<CommittedSlot> {
    const lot = this.#lots.find(tenantId, lotId);
    if (lot === undefined) return;
    for (const entry of lot.entries.values()) if (hasRecord(entry)) yield entry;
    for (const place of this.#packedPlaces()) {
      if (this.#packed.lotAt(place) === lot.number) yield new PackedSlot(this.#packed, place, this.shard);
    }
  }

  *lotsOf(tenantId: string): IterableIterator<string> {
    for (const { lotId } of this.#lots.ofTenant(tenantId)) yield lotId;
  }

  /** How many slots of a tenant have a call, those being written among them. */
  slotCountOf(tenantId: string): number {
    let count = 0;
    for (const { slots } of this.#lots.ofTenant(tenantId)) count += slots;
    return count;
  }

  /**
   * The places of the slots in use whose record has a higher revision, in no order. It may be gone through while the table changes, as
   * `all`; of each slot it costs a look at two numbers, or four.
   */
  *placesInUse({ tenantId, lotId, holding, call }: ListScope, afterRevision = 0): IterableIterator<number> {
    const lots = new Set<number>();
    for (const lot of this.#lots.ofTenant(tenantId)) {
      if (lotId === '' ? holding === true || lot.lotId !== HOLDING_LOT : lot.lotId === lotId) lots.add(lot.number);
    }
    if (lots.size === 0) return;
    const marks = call === undefined ? undefined : callMarks([this.#hashes.mark(call.callId)]);
    for (let place = 0; place < this.#packed.places; place++) {
      if (!this.#packed.isPacked(place)) {
        const entry = this.#entries.get(place);
        if (entry === undefined || entry.revision <= afterRevision || entry.freedAtMs !== 0) continue;
        if (!hasRecord(entry) || !lots.has(entry.lot.number)) continue;
        if (call === undefined || hasCall(entry.record.parks, call)) yield place;
      } else if (this.#packed.revisionAt(place) > afterRevision && this.#packed.freedAtMs(place) === 0) {
        if (!lots.has(this.#packed.lotAt(place))) continue;
        if (marks === undefined || this.#packed.mayHaveCall(place, marks)) yield place;
      }
    }
  }

  /** The slot of a place; undefined: it has no record. */
  at(place: number): CommittedSlot | undefined {
    if (this.#packed.isPacked(place)) return new PackedSlot(this.#packed, place, this.shard);
    const entry = this.#entries.get(place);
    return entry !== undefined && hasRecord(entry) ? entry : undefined;
  }

  /**
   * Every slot with a record of a higher revision, in no order. It may be gone through while the table changes: each slot that is there
   * all the time comes once, as it is then.
   */
  *all(afterRevision = 0): IterableIterator<CommittedSlot> {
    for (let place = 0; place < this.#packed.places; place++) {
      if (!this.#packed.isPacked(place)) {
        const entry = this.#entries.get(place);
        if (entry !== undefined && entry.revision > afterRevision && hasRecord(entry)) yield entry;
      } else if (this.#packed.revisionAt(place) > afterRevision) yield new PackedSlot(this.#packed, place, this.shard);
    }
  }

  /** The slots that are not packed, also those without a record. */
  entries(): IterableIterator<SlotEntry> {
    return this.#entries.values();
  }

  /** A write to the slot begins. A slot being written is not chosen, a call that arrives is not parked twice. */
  claim(entry: SlotEntry, arriving: CallRef | undefined, parks = 0): void {
    entry.writing = true;
    if (parks > entry.counted) this.#count(entry, parks);
    if (arriving !== undefined) this.#names.arriving(entry, arriving);
    poolOf(entry)?.markBusy(entry.name.slot);
  }

  /** The record is durable at this revision. */
  install(entry: SlotEntry, record: SlotRecord, revision: number): void {
    const { slot } = entry.name;
    this.#names.replace(entry, entry.record, record);
    this.#parks += record.parks.length - (entry.record?.parks.length ?? 0);
    this.#count(entry, record.parks.length);
    entry.record = record;
    entry.revision = revision;
    entry.freedAtMs = freedAtMs(record);
    entry.writing = false;
    entry.round = this.#round;
    if (record.parks.length === 0) poolOf(entry)?.markFree(slot);
    moveCursor(entry.lot, slot, record);
  }

  /** A record as it was read from the store; what is known of its slot is replaced. */
  load(bytes: Uint8Array, revision: number): void {
    if (this.#loader.take(bytes, revision)) return;
    const record = decodeRecord(bytes);
    if (record.name === undefined) return;
    const { tenantId, lotId, slot } = record.name;
    this.install(this.entry(tenantId, lotId, slot), record, revision);
  }

  /** From now on what is in the table counts for the tenants' quotas. */
  attach(use: TenantUse | undefined): void {
    this.#use = use;
    for (const { tenantId, calls, slots } of this.#lots.all()) this.#use?.add(tenantId, calls, slots);
  }

  /** The table is used no more: what is in it counts no more. Idempotent. */
  retire(): void {
    for (const { tenantId, calls, slots } of this.#lots.all()) this.#use?.add(tenantId, -calls, -slots);
    this.#use = undefined;
  }

  /** The tombstone is gone from the store. */
  remove(entry: SlotEntry): void {
    this.#names.replace(entry, entry.record, undefined);
    this.#count(entry, 0);
    entry.record = undefined;
    entry.revision = 0;
    entry.freedAtMs = 0;
    entry.writing = false;
    poolOf(entry)?.markFree(entry.name.slot);
    this.dropUnused(entry);
  }

  /**
   * Free slots whose records are older than the horizon, those being written left out. Where a slot changed more than once a second its
   * lamp's version is ahead of the clock, which it would begin with again: its tombstone stays until the clock has passed it (R19).
   */
  tombstones({ nowMs, horizonMs, maxRevision, limit }: Tombstones): SlotEntry[] {
    const found: SlotEntry[] = [];
    const take = (entry: SlotEntry): void => {
      if ((entry.record?.documentVersion ?? 0) * 1_000 < nowMs - horizonMs) found.push(entry);
      else entry.freedAtMs = nowMs;
    };
    const isOver = (freedMs: number, revision: number): boolean =>
      freedMs > 0 && freedMs < nowMs - horizonMs && revision <= maxRevision;
    for (const entry of this.#entries.values()) {
      if (found.length >= limit) return found;
      entry.freedAtMs = Math.min(entry.freedAtMs, nowMs);
      if (!entry.writing && isOver(entry.freedAtMs, entry.revision)) take(entry);
    }
    if (this.#packed.tombstones === 0) return found;
    for (const place of this.#packedPlaces()) {
      if (found.length >= limit) return found;
      const freedMs = this.#packed.freedAtMs(place);
      if (freedMs > nowMs) this.#packed.redate(place, nowMs);
      if (!isOver(freedMs, this.#packed.revisionAt(place))) continue;
      const entry = this.#unpack({ place, record: this.#packed.recordAt(place) });
      if (entry !== undefined) take(entry);
    }
    return found;
  }

  /** One round of packing, a slot a step: whatever nobody asked for since the round before. */
  *packing(): IterableIterator<void> {
    const round = ++this.#round;
    for (const entry of this.#entries.values()) if (entry.round < round - 1 && this.#pack(entry)) yield;
  }

  /** The free slots of one part of a lot. A shard may hold several parts of a lot: where there are fewer shards than parts. */
  pool(tenantId: string, settings: LotSettings, part: number): SlotPool {
    const lot = this.#lots.of(tenantId, settings.lot_id);
    if (lot.pools?.settings !== settings) lot.pools = new LotPools(settings);
    const committed = this.slotsOf(tenantId, settings.lot_id);
    return lot.pools.part(part, { writing: lot.entries.values(), committed });
  }

  cursor(tenantId: string, lotId: string): string | undefined {
    return this.#lots.find(tenantId, lotId)?.cursor?.slot;
  }

  /** See `Lots.cursors`. */
  cursors(): Record<string, string> {
    return this.#lots.cursors();
  }

  /** See `Lots.restoreCursor`. */
  restoreCursor(lotToken: string, stored: string): void {
    this.#lots.restoreCursor(lotToken, stored);
  }

  #asked(entry: SlotEntry | undefined): SlotEntry | undefined {
    if (entry !== undefined) entry.round = this.#round;
    return entry;
  }

  #add(lot: Lot, name: SlotName, place: number): SlotEntry {
    const key = keys.slot(this.shard, name.tenantId, name.lotId, name.slot);
    const entry: SlotEntry = {
      name,
      key,
      lot,
      place,
      record: undefined,
      revision: 0,
      freedAtMs: 0,
      writing: false,
      held: false,
      waiting: undefined,
      counted: 0,
      round: this.#round,
    };
    lot.entries.set(name.slot, entry);
    this.#entries.set(place, entry);
    return entry;
  }

  /** Takes an entry out of the entries; false: it is none of them any more. */
  #drop(entry: SlotEntry): boolean {
    if (this.#entries.get(entry.place) !== entry) return false;
    this.#entries.delete(entry.place);
    entry.lot.entries.delete(entry.name.slot);
    return true;
  }

  #pack(entry: SlotEntry): boolean {
    const { record, revision, lot, place, writing, held, waiting } = entry;
    if (record === undefined || writing || held || waiting !== undefined || nextDueMs(record) !== undefined)
      return false;
    const [hashes, marks] = [this.#hashes.ofRecord(record), this.#hashes.marksOf(record)];
    const packable = { hashes, marks, revision, lot: lot.number, freedAtMs: entry.freedAtMs };
    if (!this.#packed.pack(place, packable, encodeRecord(record))) return false;
    this.#names.replace(entry, record, undefined);
    this.#drop(entry);
    // Whoever still has it (the queue of what is due) shall find nothing in it.
    entry.record = undefined;
    entry.revision = 0;
    return true;
  }

  #unpack(found: Found | undefined): SlotEntry | undefined {
    if (found === undefined) return undefined;
    const { place, record } = found;
    const lot = this.#lots.at(this.#packed.lotAt(place));
    const entry = this.#add(lot, record.name ?? this.#packed.nameAt(place), place);
    entry.record = this.#packed.unpack(place, record);
    entry.revision = this.#packed.revisionAt(place);
    entry.freedAtMs = this.#packed.freedAtMs(place);
    entry.counted = record.parks.length;
    this.#names.replace(entry, undefined, record);
    return entry;
  }

  #loaded(lot: Lot, parks: number): void {
    const slots = Number(parks > 0);
    lot.calls += parks;
    lot.slots += slots;
    this.#use?.add(lot.tenantId, parks, slots);
    this.#parks += parks;
  }

  *#packedPlaces(): IterableIterator<number> {
    for (let place = 0; place < this.#packed.places; place++) if (this.#packed.isPacked(place)) yield place;
  }

  #count(entry: SlotEntry, parks: number): void {
    const { lot, counted } = entry;
    if (counted === parks) return;
    const slots = Number(parks > 0) - Number(counted > 0);
    entry.counted = parks;
    lot.calls += parks - counted;
    lot.slots += slots;
    this.#use?.add(lot.tenantId, parks - counted, slots);
  }
}

function hasRecord(entry: SlotEntry): entry is SlotEntry & CommittedSlot {
  return entry.record !== undefined;
}

function poolOf({ name, lot }: SlotEntry): SlotPool | undefined {
  return lot.pools?.of(name.slot);
}

/** The last slot a call came to; ended parks tell it as well, for their ids carry their time. */
function moveCursor(lot: Lot, slot: string, record: SlotRecord): void {
  const newest = record.parks.at(-1)?.parkId ?? record.ended.at(-1)?.parkId;
  const atMs = newest === undefined ? undefined : parkIdTimeMs(newest);
  if (atMs !== undefined && atMs >= (lot.cursor?.atMs ?? 0)) lot.cursor = { slot, atMs };
}

/** When a slot with this record became free, wall ms; 0: it is not free. */
function freedAtMs({ parks, last }: SlotRecord): number {
  return parks.length > 0 ? 0 : Math.max(1, last?.atMs ?? 0);
}
