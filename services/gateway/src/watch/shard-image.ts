import { HOLDING_LOT } from '@parkade/ids';
import type { FollowedRecord, SlotName } from '@parkade/proto';
import { encodeEvent } from './encoded.js';
import { slotView } from '@parkade/slots';

/** A slot as it is now. Never changed: a newer one takes its place. */
export interface SlotEntry {
  /** Tenant, lot and slot: unique. */
  readonly key: string;
  readonly name: SlotName;
  readonly revision: number;
  /** Nobody is in it. */
  readonly free: boolean;
  /** The event, encoded once for everybody. */
  readonly event: Uint8Array;
}

/** Which slots somebody wants: of one lot, or with an empty lot all of the tenant but those of the holding lot. */
export interface Scope {
  readonly tenantId: string;
  readonly lotId: string;
}

/** Whether a slot belongs to the scope. */
export function inScope(scope: Scope, name: SlotName): boolean {
  if (scope.tenantId !== name.tenantId) return false;
  return scope.lotId === '' ? name.lotId !== HOLDING_LOT : scope.lotId === name.lotId;
}

/**
 * The slots of one shard as followed.
 *
 *   I1. A slot's entry is only ever replaced by one of a higher revision.
 *   I2. All changes with a revision over `completeSince`, up to `revision`, are in it: also of slots that were freed. Freed ones
 *       leave after the horizon, or when there are too many, and raise `completeSince`.
 */
export class ShardImage {
  readonly #lots = new Map<string, Map<string, SlotEntry>>();
  readonly #freed: { readonly entry: SlotEntry; readonly atMs: number }[] = [];
  #revision = 0;
  #forgotten = 0;
  #completeSince = Infinity;
  /** Slots seen in the snapshot under way; undefined outside of one. */
  #seen: Set<string> | undefined;

  constructor(
    private readonly maxFreed: number,
    private readonly horizonMs: number,
  ) {}

  /** Everything up to it is here. */
  get revision(): number {
    return this.#revision;
  }

  /** See I2; Infinity before the first snapshot is complete. */
  get completeSince(): number {
    return this.#completeSince;
  }

  /** How many freed slots were forgotten so far. */
  get forgotten(): number {
    return this.#forgotten;
  }

  /** The stream that followed the shard ended: a snapshot under way never becomes complete. */
  interrupted(): void {
    this.#seen = undefined;
  }

  /** A snapshot begins. */
  reset(): void {
    this.#seen = new Set();
  }

  /** Takes a record of the following stream in; the new entry, or undefined when it is not newer than what is here (I1). */
  follow(followed: FollowedRecord, nowMs: number): SlotEntry | undefined {
    if (followed.record?.name !== undefined) this.#seen?.add(keyOf(followed.record.name));
    return this.catchUp(followed, nowMs);
  }

  /** The same for a record of a catch-up, which says nothing of what a snapshot shows. */
  catchUp({ record, revision }: FollowedRecord, nowMs: number): SlotEntry | undefined {
    if (record?.name === undefined) return undefined;
    const key = keyOf(record.name);
    const before = this.#lots.get(lotKey(record.name))?.get(record.name.slot);
    if (before !== undefined && before.revision >= revision) return undefined;
    const slot = slotView(record, revision);
    const free = slot.parks.length === 0;
    const event = encodeEvent({ $case: 'slot', value: slot });
    return this.#put({ key, name: record.name, revision, free, event }, nowMs);
  }

  /** Everything up to `revision` was seen; outside of snapshots. */
  advance(revision: number): void {
    if (this.#seen === undefined) this.#revision = Math.max(this.#revision, revision);
  }

  /** A snapshot, or what was missed, is complete. What a snapshot did not show was freed meanwhile: those entries are returned. */
  synced(revision: number, nowMs: number): readonly SlotEntry[] {
    const seen = this.#seen;
    this.#seen = undefined;
    this.#revision = Math.max(this.#revision, revision);
    if (seen === undefined) return [];
    if (this.#completeSince === Infinity) this.#completeSince = revision;
    const gone = [...this.#all()].filter(({ key, free, revision: at }) => !free && at <= revision && !seen.has(key));
    return gone.map(({ key, name }) => {
      const record = { name, parks: [], last: undefined, documentVersion: 0, litPresenceId: '', ended: [] };
      const event = encodeEvent({ $case: 'slot', value: slotView(record, revision) });
      return this.#put({ key, name, revision, free: true, event }, nowMs);
    });
  }

  /** A catch-up brought every change after `revision` in. */
  completedSince(revision: number): void {
    this.#completeSince = Math.min(this.#completeSince, revision);
  }

  /** The entries of a scope with a revision over `afterRevision`; freed slots only with `withFree`. */
  *entries(scope: Scope, afterRevision: number, withFree: boolean): Generator<SlotEntry> {
    for (const slots of this.#lots.values()) {
      const [first] = slots.values();
      if (first === undefined || !inScope(scope, first.name)) continue;
      for (const entry of slots.values()) {
        if (entry.revision > afterRevision && (withFree || !entry.free)) yield entry;
      }
    }
  }

  /** Forgets freed slots that nobody can ask for any more (I2). */
  prune(nowMs: number): void {
    let count = 0;
    for (const { entry, atMs } of this.#freed) {
      if (this.#freed.length - count <= this.maxFreed && atMs > nowMs - this.horizonMs) break;
      count++;
      const slots = this.#lots.get(lotKey(entry.name));
      if (slots?.get(entry.name.slot) !== entry) continue;
      slots.delete(entry.name.slot);
      this.#forgotten++;
      if (slots.size === 0) this.#lots.delete(lotKey(entry.name));
      this.#completeSince = Math.max(this.#completeSince, entry.revision);
    }
    this.#freed.splice(0, count);
  }

  #put(entry: SlotEntry, nowMs: number): SlotEntry {
    const lot = lotKey(entry.name);
    const slots = this.#lots.get(lot) ?? new Map<string, SlotEntry>();
    this.#lots.set(lot, slots.set(entry.name.slot, entry));
    if (entry.free) {
      this.#freed.push({ entry, atMs: nowMs });
      if (this.#freed.length > this.maxFreed * 1.1) this.prune(nowMs);
    }
    return entry;
  }

  *#all(): Generator<SlotEntry> {
    for (const slots of this.#lots.values()) yield* slots.values();
  }
}

function lotKey({ tenantId, lotId }: SlotName): string {
  return `${tenantId}\0${lotId}`;
}

function keyOf(name: SlotName): string {
  return `${lotKey(name)}\0${name.slot}`;
}
