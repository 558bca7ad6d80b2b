import { decodeToken, encodeToken, keys, parkIdTimeMs, partOf } from '@parkade/ids';
import type { CallRef, EndedPark, ParkRecord, SlotName, SlotRecord } from '@parkade/proto';
import type { LotSettings } from '@parkade/settings';
import { SlotPool } from '../pool/index.js';
import type { TenantUse } from '../quotas/tenant-use.js';
import type { Pending } from './pending.js';

/** A slot in memory. */
export interface SlotEntry {
  readonly name: SlotName;
  readonly key: string;
  /** The committed record; undefined: never used, or its tombstone is gone. */
  record: SlotRecord | undefined;
  /** The committed revision; 0: none. */
  revision: number;
  /** A write is under way: what comes meanwhile waits. */
  writing: boolean;
  /** Held for a move from another shard: closed until told, or read again. Writes compare the record's revision. */
  held: boolean;
  /** Commands that wait for the slot, in the order they came; undefined: none. */
  waiting: Pending[] | undefined;
  /** Parks that count for the tenant's quotas: the committed ones, and those being written. */
  counted: number;
}

/** Of the cursors in a shard's mark; a mark is written again and again, and has to fit in a transaction. */
const MAX_CURSOR_BYTES = 256 * 1024;

interface Lot {
  readonly entries: Map<string, SlotEntry>;
  /** Made when the first automatic choice comes, and again when the lot's ranges change. */
  pools: { readonly settings: LotSettings; readonly byPart: Map<number, SlotPool> } | undefined;
  /** The slot parked in last: where `next` goes on. */
  cursor: { slot: string; atMs: number } | undefined;
}

/**
 * The slots of a shard, and what finds them.
 *
 *   L1. `byPark` and `byCall` name exactly the parks of committed records, plus calls whose park is being written.
 *   L2. A pool holds as busy every slot that is not known to be free: with a park in it, or being written.
 *   L3. `use` counts, of each slot, the parks it has or is about to have, until the table is retired.
 */
export class SlotTable {
  readonly #tenants = new Map<string, Map<string, Lot>>();
  readonly #byPark = new Map<string, SlotEntry>();
  readonly #byCall = new Map<string, SlotEntry>();
  readonly #byEnded = new Map<string, SlotEntry>();
  #parks = 0;

  constructor(
    readonly shard: number,
    readonly shardCount: number,
    private use?: TenantUse,
  ) {}

  /** How many parks there are. */
  get parkCount(): number {
    return this.#parks;
  }

  /** How many parks a tenant has here; costs a look at each of its slots. */
  parkCountOf(tenantId: string): number {
    let parks = 0;
    for (const { entries } of this.#tenants.get(tenantId)?.values() ?? []) {
      for (const { record } of entries.values()) parks += record?.parks.length ?? 0;
    }
    return parks;
  }

  find(tenantId: string, lotId: string, slot: string): SlotEntry | undefined {
    return this.#tenants.get(tenantId)?.get(lotId)?.entries.get(slot);
  }

  /** The slot, made where it was never used. An entry that gets no record is dropped by `dropUnused`. */
  entry(tenantId: string, lotId: string, slot: string): SlotEntry {
    const lot = this.#lot(tenantId, lotId);
    let entry = lot.entries.get(slot);
    if (entry === undefined) {
      const name = { tenantId, lotId, slot };
      const key = keys.slot(this.shard, tenantId, lotId, slot);
      entry = {
        name,
        key,
        record: undefined,
        revision: 0,
        writing: false,
        held: false,
        waiting: undefined,
        counted: 0,
      };
      lot.entries.set(slot, entry);
    }
    return entry;
  }

  /** Forgets a slot that has no record, no write and nobody waiting. */
  dropUnused(entry: SlotEntry): void {
    if (entry.record !== undefined || entry.writing || entry.waiting !== undefined) return;
    const { tenantId, lotId, slot } = entry.name;
    this.#tenants.get(tenantId)?.get(lotId)?.entries.delete(slot);
  }

  byPark(parkId: string): SlotEntry | undefined {
    return this.#byPark.get(parkId);
  }

  /** The slot a park was in that ended lately. */
  byEndedPark(parkId: string): SlotEntry | undefined {
    return this.#byEnded.get(parkId);
  }

  /** The slot a call is parked in, or is just being written to. */
  byCall(tenantId: string, call: Pick<CallRef, 'mediaNode' | 'callId'>): SlotEntry | undefined {
    return this.#byCall.get(callKey(tenantId, call));
  }

  /** The slots of a tenant's lot that have a record, in no order. */
  *slotsOf(tenantId: string, lotId: string): IterableIterator<SlotEntry> {
    for (const entry of this.#tenants.get(tenantId)?.get(lotId)?.entries.values() ?? []) {
      if (entry.record !== undefined) yield entry;
    }
  }

  lotsOf(tenantId: string): IterableIterator<string> {
    return this.#tenants.get(tenantId)?.keys() ?? [].values();
  }

  /** Every slot with a record, in no order. */
  *all(): IterableIterator<SlotEntry> {
    for (const entry of this.allEntries()) if (entry.record !== undefined) yield entry;
  }

  /** A write to the slot begins. A slot being written is not chosen, a call that arrives is not parked twice. */
  claim(entry: SlotEntry, arriving: CallRef | undefined, parks = 0): void {
    entry.writing = true;
    if (parks > entry.counted) this.#count(entry, parks);
    if (arriving !== undefined) this.#byCall.set(callKey(entry.name.tenantId, arriving), entry);
    this.#pool(entry)?.markBusy(entry.name.slot);
  }

  /** The record is durable at this revision. */
  install(entry: SlotEntry, record: SlotRecord, revision: number): void {
    const { tenantId, lotId, slot } = entry.name;
    for (const park of entry.record?.parks ?? []) {
      this.#byPark.delete(park.parkId);
      this.#forgetCall(tenantId, park, entry);
      this.#parks--;
    }
    for (const park of record.parks) {
      this.#byPark.set(park.parkId, entry);
      if (park.call !== undefined) this.#byCall.set(callKey(tenantId, park.call), entry);
      this.#parks++;
    }
    this.#rememberEnded(entry, entry.record?.ended ?? [], record.ended);
    this.#count(entry, record.parks.length);
    entry.record = record;
    entry.revision = revision;
    entry.writing = false;
    if (record.parks.length === 0) this.#pool(entry)?.markFree(slot);
    this.#moveCursor(tenantId, lotId, slot, record);
  }

  /** Of the up to eight a record remembers, a change brings and drops one at most: only those are touched, 3% of a command. */
  #rememberEnded(entry: SlotEntry, before: readonly EndedPark[], after: readonly EndedPark[]): void {
    if (before === after) return;
    const lacks = (ended: readonly EndedPark[], parkId: string): boolean => !ended.some((end) => end.parkId === parkId);
    for (const { parkId } of before) if (lacks(after, parkId)) this.#byEnded.delete(parkId);
    for (const { parkId } of after) if (lacks(before, parkId)) this.#byEnded.set(parkId, entry);
  }

  /** The last slot a call came to; ended parks tell it as well, for their ids carry their time. */
  #moveCursor(tenantId: string, lotId: string, slot: string, record: SlotRecord): void {
    const lot = this.#lot(tenantId, lotId);
    const newest = record.parks.at(-1)?.parkId ?? record.ended.at(-1)?.parkId;
    const atMs = newest === undefined ? undefined : parkIdTimeMs(newest);
    if (atMs !== undefined && atMs >= (lot.cursor?.atMs ?? 0)) lot.cursor = { slot, atMs };
  }

  /** The table is used no more: what is in it counts no more. Idempotent. */
  retire(): void {
    for (const entry of this.allEntries()) this.#count(entry, 0);
    this.use = undefined;
  }

  #count(entry: SlotEntry, parks: number): void {
    const before = entry.counted;
    if (this.use === undefined || before === parks) return;
    entry.counted = parks;
    this.use.add(entry.name.tenantId, parks - before, Number(parks > 0) - Number(before > 0));
  }

  /** The tombstone is gone from the store. */
  remove(entry: SlotEntry): void {
    for (const { parkId } of entry.record?.ended ?? []) this.#byEnded.delete(parkId);
    this.#count(entry, 0);
    entry.record = undefined;
    entry.revision = 0;
    entry.writing = false;
    this.#pool(entry)?.markFree(entry.name.slot);
    this.dropUnused(entry);
  }

  /** The free slots of one part of a lot. A shard may hold several parts of a lot: where there are fewer shards than parts. */
  pool(tenantId: string, settings: LotSettings, part: number): SlotPool {
    const lot = this.#lot(tenantId, settings.lot_id);
    if (lot.pools?.settings !== settings) lot.pools = { settings, byPart: new Map<number, SlotPool>() };
    let pool = lot.pools.byPart.get(part);
    if (pool === undefined) lot.pools.byPart.set(part, (pool = newPool(lot, settings, part)));
    return pool;
  }

  cursor(tenantId: string, lotId: string): string | undefined {
    return this.#tenants.get(tenantId)?.get(lotId)?.cursor?.slot;
  }

  /** The cursors for the shard's mark, of as many lots as fit: those that were used last. The others begin at their first slot. */
  cursors(): Record<string, string> {
    const all: { lot: string; cursor: string; atMs: number }[] = [];
    for (const [tenantId, lots] of this.#tenants) {
      for (const [lotId, { cursor }] of lots) {
        if (cursor === undefined) continue;
        const lot = `${encodeToken(tenantId)}/${encodeToken(lotId)}`;
        all.push({ lot, cursor: `${cursor.atMs}:${cursor.slot}`, atMs: cursor.atMs });
      }
    }
    let left = MAX_CURSOR_BYTES;
    const fitting = all
      .sort((a, b) => b.atMs - a.atMs)
      .filter(({ lot, cursor }) => (left -= 2 * (lot.length + cursor.length)) >= 0);
    return Object.fromEntries(fitting.map(({ lot, cursor }) => [lot, cursor]));
  }

  /** A cursor as a mark kept it; a younger one that is known stays. */
  restoreCursor(lotToken: string, stored: string): void {
    const [tenantId, lotId] = lotToken.split('/').map(decodeToken);
    const colon = stored.indexOf(':');
    const atMs = Number(stored.slice(0, colon));
    if (tenantId === undefined || lotId === undefined || colon < 1) return;
    const lot = this.#lot(tenantId, lotId);
    if (atMs > (lot.cursor?.atMs ?? 0)) lot.cursor = { slot: stored.slice(colon + 1), atMs };
  }

  /** Every slot, also those without a record. */
  *allEntries(): IterableIterator<SlotEntry> {
    for (const lots of this.#tenants.values()) for (const lot of lots.values()) yield* lot.entries.values();
  }

  #lot(tenantId: string, lotId: string): Lot {
    let lots = this.#tenants.get(tenantId);
    if (lots === undefined) this.#tenants.set(tenantId, (lots = new Map<string, Lot>()));
    let lot = lots.get(lotId);
    if (lot === undefined) lots.set(lotId, (lot = { entries: new Map(), pools: undefined, cursor: undefined }));
    return lot;
  }

  #pool(entry: SlotEntry): SlotPool | undefined {
    const { tenantId, lotId, slot } = entry.name;
    const pools = this.#tenants.get(tenantId)?.get(lotId)?.pools;
    return pools?.byPart.get(partOf(slot, pools.settings.spread));
  }

  #forgetCall(tenantId: string, park: ParkRecord, entry: SlotEntry): void {
    if (park.call === undefined) return;
    const key = callKey(tenantId, park.call);
    if (this.#byCall.get(key) === entry) this.#byCall.delete(key);
  }
}

function newPool(lot: Lot, settings: LotSettings, part: number): SlotPool {
  const { spread, ranges } = settings;
  const pool = new SlotPool(ranges, { belongs: spread <= 1 ? undefined : (slot) => partOf(slot, spread) === part });
  const freed: SlotEntry[] = [];
  for (const entry of lot.entries.values()) {
    if (entry.writing || (entry.record?.parks.length ?? 0) > 0) pool.markBusy(entry.name.slot);
    else if (entry.record !== undefined) freed.push(entry);
  }
  // The tombstones tell in which order the slots were freed, for "longest idle" (R6).
  freed.sort((a, b) => a.revision - b.revision);
  for (const entry of freed) {
    pool.markBusy(entry.name.slot);
    pool.markFree(entry.name.slot);
  }
  return pool;
}

function callKey(tenantId: string, call: Pick<CallRef, 'mediaNode' | 'callId'>): string {
  return `${tenantId}\0${call.mediaNode}\0${call.callId}`;
}
