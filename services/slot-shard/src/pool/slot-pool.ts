import { Selection } from '@parkade/proto';
import type { SlotRange } from '@parkade/settings';
import { IndexSet } from './index-set.js';
import { MinTree } from './min-tree.js';
import { type IndexSpan, SlotRanges } from './slot-ranges.js';

// The free slots of a lot, or of one part of it.
//   P1. A slot can be chosen exactly while it is a member and not busy. Slots outside the ranges (extensions, names) are no
//       members; nor are those that belong to other parts.
//   P2. Free means entirely free: a slot with room beside its calls is busy here.
//   P3. A choice changes nothing: whoever takes the slot marks it busy.
//   P4. Every operation takes a time that grows with the logarithm of the slots, and with the number of ranges.

/** How to choose (R6). */
export type SlotSelection = Exclude<Selection, Selection.UNSPECIFIED>;

/** What a choice depends on beside the pool. */
export interface ChoiceContext {
  /** NEXT: the slot chosen last; undefined: none yet. It need not be in the pool. */
  readonly cursor?: string | undefined;
  /** The highest slot number that may be chosen; undefined: no bound. */
  readonly maxSlotNumber?: number | undefined;
  /** RANDOM: from 0, below 1. */
  readonly random: number;
}

export type Choice =
  | { readonly kind: 'slot'; readonly slot: string }
  /** No slot of the pool is free. */
  | { readonly kind: 'full' }
  /** Slots are free, all of them beyond `maxSlotNumber`. */
  | { readonly kind: 'max-exceeded' };

/** Never used; before every order of a slot that was. */
const NEVER_USED = -Infinity;
const BUSY = Infinity;

export interface SlotPoolOptions {
  /** Whether a slot belongs to this part of the lot; undefined: all do. The same answer every time. */
  readonly belongs?: ((slot: string) => boolean) | undefined;
}

/** Which slots of a lot are free for an automatic choice: at most nine bytes a slot. */
export class SlotPool {
  readonly #ranges: SlotRanges;
  readonly #belongs: ((slot: string) => boolean) | undefined;
  readonly #free: IndexSet;
  /** When each slot was freed; made with the first that is: until then the one that is idle for longest is the first. */
  #idleSince: MinTree | undefined;
  #lastOrder = 0;

  /**
   * All members are free and were never used. The ranges are as the settings admit them: disjoint, at most 1,000,000 slots.
   * With `belongs` every slot is asked about here: about 0.2 s for a million.
   */
  constructor(ranges: readonly SlotRange[], { belongs }: SlotPoolOptions = {}) {
    this.#ranges = new SlotRanges(ranges);
    this.#belongs = belongs;
    const { size } = this.#ranges;
    this.#free = IndexSet.where(size, belongs && ((index) => belongs(this.#ranges.slotAt(index))));
  }

  /** How many slots are free. */
  get freeCount(): number {
    return this.#free.count;
  }

  /** Whether the slot may be chosen now. */
  isFree(slot: string): boolean {
    const index = this.#member(slot);
    return index !== undefined && this.#free.has(index);
  }

  /** Somebody is in the slot, or about to be. Nothing happens when it is busy already, or no member. */
  markBusy(slot: string): void {
    const index = this.#member(slot);
    if (index === undefined) return;
    this.#free.delete(index);
    this.#idleSince?.set(index, BUSY);
  }

  /**
   * The slot is entirely free again. Nothing happens when it is free already, or no member. `atOrder` puts it in its place for
   * LONGEST_IDLE: wall ms, a revision, any finite number that is higher for what was freed later; undefined: freed last.
   */
  markFree(slot: string, atOrder: number = this.#lastOrder + 1): void {
    const index = this.#member(slot);
    if (index === undefined || this.#free.has(index)) return;
    this.#idleSince ??= this.#neverUsed();
    this.#free.add(index);
    this.#idleSince.set(index, atOrder);
    this.#lastOrder = Math.max(this.#lastOrder, atOrder);
  }

  /** A slot to take. The cursor of NEXT is then the slot chosen. */
  choose(selection: SlotSelection, context: ChoiceContext): Choice {
    if (this.#free.count === 0) return { kind: 'full' };
    const { maxSlotNumber, cursor, random } = context;
    const spans = maxSlotNumber === undefined ? [{ from: 0, to: this.#ranges.size }] : this.#ranges.upTo(maxSlotNumber);
    const index = this.#pick(selection, spans, cursor, random);
    return index === undefined ? { kind: 'max-exceeded' } : { kind: 'slot', slot: this.#ranges.slotAt(index) };
  }

  #pick(
    selection: SlotSelection,
    spans: readonly IndexSpan[],
    cursor: string | undefined,
    random: number,
  ): number | undefined {
    switch (selection) {
      case Selection.FIRST:
        return this.#firstFrom(spans, 0);
      case Selection.NEXT: {
        const from = cursor === undefined ? 0 : this.#ranges.after(cursor);
        return this.#firstFrom(spans, from) ?? this.#firstFrom(spans, 0);
      }
      case Selection.RANDOM:
        return this.#nthOf(spans, random);
      case Selection.LONGEST_IDLE:
        return this.#longestIdle(spans);
    }
  }

  #firstFrom(spans: readonly IndexSpan[], from: number): number | undefined {
    for (const span of spans) {
      const index = span.to <= from ? undefined : this.#free.next(Math.max(span.from, from), span.to);
      if (index !== undefined) return index;
    }
    return undefined;
  }

  #nthOf(spans: readonly IndexSpan[], random: number): number | undefined {
    const stretches = spans.map(({ from, to }) => ({ rank: this.#free.rank(from), end: this.#free.rank(to) }));
    const total = stretches.reduce((sum, { rank, end }) => sum + end - rank, 0);
    if (total === 0) return undefined;
    let n = Math.min(total - 1, Math.floor(random * total));
    for (const { rank, end } of stretches) {
      if (n < end - rank) return this.#free.select(rank + n);
      n -= end - rank;
    }
    return undefined;
  }

  #longestIdle(spans: readonly IndexSpan[]): number | undefined {
    const idle = this.#idleSince;
    if (idle === undefined) return this.#firstFrom(spans, 0);
    let best: number | undefined;
    for (const { from, to } of spans) {
      const index = idle.minIndex(from, to);
      if (index !== undefined && (best === undefined || idle.get(index) < idle.get(best))) best = index;
    }
    return best;
  }

  #neverUsed(): MinTree {
    return MinTree.of(this.#ranges.size, (index) => (this.#free.has(index) ? NEVER_USED : BUSY));
  }

  #member(slot: string): number | undefined {
    const index = this.#ranges.indexOf(slot);
    return index === undefined || this.#belongs?.(slot) === false ? undefined : index;
  }
}
