import type { Clock, Timer } from '@parkade/clock';
import type { Shard } from '../shard/shard.js';
import type { ListScope, SlotTable } from '../shard/slot-table.js';

/** A slot by its name, and where it is in its shard. */
export interface NamedPlace {
  readonly lotId: string;
  readonly slot: string;
  readonly place: number;
}

/** The slots in use of a scope, in runs that are each sorted by (lot, slot), as they were at a revision of their shard. */
export interface Order {
  readonly revision: number;
  readonly runs: readonly (readonly NamedPlace[])[];
}

/** What a list needs of a shard. */
export type ListedShard = Pick<Shard, 'number' | 'knownRevision'> & { readonly live: { readonly table: SlotTable } };

interface Kept extends Order {
  readonly table: SlotTable;
  readonly names: number;
  /** Monotonic ms it was last asked for. */
  usedAtMs: number;
}

/** As many changed slots are sorted for each page, and an eighth of those that are in order; beyond that a new order is made. */
const MAX_UNSORTED = 1_000;
const RUN_NAMES = 2_000;
/** An order is kept this long for whoever comes for the next page. */
const KEEP_MS = 15_000;
/** Names in all orders, some 80 bytes each; what was asked for longest ago goes first. One order alone may be larger. */
const MAX_NAMES = 1_000_000;

/**
 * The orders of long lists. To sort a tenant's slots for each page of a list cost a list of 50,000 their names for every page.
 *
 *   O1. An order names every slot that was in use at its revision and has not changed since. Whoever uses it looks whether what it names
 *       has changed, and adds what did: a page is as true as one made without an order.
 *   O2. While an order is made, others have their turn after each run.
 *   O3. Orders are bounded in number of names, and go `KEEP_MS` after they were used.
 */
export class ListOrders {
  readonly #kept = new Map<string, Kept>();
  readonly #making = new Map<string, Promise<void>>();
  #names = 0;
  #expiry: Timer | undefined;
  #closed = false;

  constructor(private readonly clock: Clock) {}

  /** How many names are kept. */
  get names(): number {
    return this.#names;
  }

  /** The order of a shard's slots as far as one is kept, which is good for the shard's present table. */
  of(shard: ListedShard, scope: ListScope): Order | undefined {
    const kept = this.#kept.get(keyOf(shard, scope));
    return kept?.table === shard.live.table ? kept : undefined;
  }

  /** Resolves when the list of this shard is in order, or so short that it needs none. */
  async prepare(shard: ListedShard, scope: ListScope): Promise<void> {
    const { table } = shard.live;
    if (table.slotCountOf(scope.tenantId) <= MAX_UNSORTED) return;
    const key = keyOf(shard, scope);
    const kept = this.#kept.get(key);
    if (kept?.table === table && isFresh(kept, scope)) {
      kept.usedAtMs = this.clock.monotonicMs();
      // The last in the map is the one that was used last.
      this.#kept.delete(key);
      this.#kept.set(key, kept);
      return;
    }
    let making = this.#making.get(key);
    if (making === undefined) {
      making = this.#make(key, shard, scope).finally(() => this.#making.delete(key));
      this.#making.set(key, making);
    }
    await making;
  }

  close(): void {
    this.#closed = true;
    this.#expiry?.cancel();
    this.#kept.clear();
    this.#names = 0;
  }

  async #make(key: string, { live: { table }, knownRevision: revision }: ListedShard, scope: ListScope): Promise<void> {
    const runs: NamedPlace[][] = [];
    let run: NamedPlace[] = [];
    let names = 0;
    for (const place of table.placesInUse(scope)) {
      const slot = table.at(place);
      // What is younger is looked for with each page.
      if (slot === undefined || slot.revision > revision) continue;
      run.push({ lotId: slot.name.lotId, slot: slot.name.slot, place });
      names++;
      if (run.length < RUN_NAMES) continue;
      runs.push(run.sort(byName));
      run = [];
      await new Promise<void>((resolve) => this.clock.defer(resolve));
    }
    runs.push(run.sort(byName));
    if (this.#closed) return;
    this.#forget(key);
    this.#kept.set(key, { table, revision, runs, names, usedAtMs: this.clock.monotonicMs() });
    this.#names += names;
    for (const other of this.#kept.keys()) {
      if (this.#names <= MAX_NAMES || other === key) break;
      this.#forget(other);
    }
    this.#expiry ??= this.clock.setTimer(KEEP_MS, () => this.#expire());
  }

  #expire(): void {
    const before = this.clock.monotonicMs() - KEEP_MS;
    for (const [key, { usedAtMs }] of this.#kept) if (usedAtMs <= before) this.#forget(key);
    this.#expiry = this.#kept.size === 0 ? undefined : this.clock.setTimer(KEEP_MS, () => this.#expire());
  }

  #forget(key: string): void {
    this.#names -= this.#kept.get(key)?.names ?? 0;
    this.#kept.delete(key);
  }
}

/** The order of a list: by lot, then slot. */
export function byName(a: Pick<NamedPlace, 'lotId' | 'slot'>, b: Pick<NamedPlace, 'lotId' | 'slot'>): number {
  if (a.lotId !== b.lotId) return a.lotId < b.lotId ? -1 : 1;
  if (a.slot !== b.slot) return a.slot < b.slot ? -1 : 1;
  return 0;
}

/** Whether little has changed since. */
function isFresh({ table, revision, names }: Kept, scope: ListScope): boolean {
  const changed = table.placesInUse(scope, revision);
  for (let count = 0; changed.next().done !== true; count++) if (count >= MAX_UNSORTED + names / 8) return false;
  return true;
}

function keyOf({ number }: ListedShard, { tenantId, lotId }: ListScope): string {
  return `${number}\0${tenantId}\0${lotId}`;
}
