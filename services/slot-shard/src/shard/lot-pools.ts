import { partOf } from '@parkade/ids';
import type { LotSettings } from '@parkade/settings';
import { SlotPool } from '../pool/index.js';
import type { CommittedSlot, SlotEntry } from './slot-table.js';

/** The free slots of a lot, each part of it that was ever chosen from. */
export class LotPools {
  readonly #byPart = new Map<number, SlotPool>();

  constructor(readonly settings: LotSettings) {}

  /** The pool of the part a slot is in; undefined: nobody has chosen from it yet. */
  of(slot: string): SlotPool | undefined {
    return this.#byPart.get(partOf(slot, this.settings.spread));
  }

  /** The pool of a part, made of the slots of the lot as they are, where there is none. */
  part(
    part: number,
    slots: { readonly writing: Iterable<SlotEntry>; readonly committed: Iterable<CommittedSlot> },
  ): SlotPool {
    const known = this.#byPart.get(part);
    if (known !== undefined) return known;
    const { spread, ranges } = this.settings;
    const belongs = spread <= 1 ? undefined : (slot: string): boolean => partOf(slot, spread) === part;
    const pool = new SlotPool(ranges, { belongs });
    for (const { name, writing } of slots.writing) if (writing) pool.markBusy(name.slot);
    const freed: { readonly slot: string; readonly revision: number }[] = [];
    for (const { name, freedAtMs, revision } of slots.committed) {
      if (freedAtMs === 0) pool.markBusy(name.slot);
      else if (pool.isFree(name.slot)) freed.push({ slot: name.slot, revision });
    }
    // The tombstones tell in which order the slots were freed, for "longest idle" (R6).
    freed.sort((a, b) => a.revision - b.revision);
    for (const { slot } of freed) {
      pool.markBusy(slot);
      pool.markFree(slot);
    }
    this.#byPart.set(part, pool);
    return pool;
  }
}
