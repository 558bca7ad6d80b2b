import type { SlotRange } from '@parkade/settings';

interface Stretch {
  /** The numbers of the first slot and of the last. */
  readonly first: number;
  readonly last: number;
  /** Digits of every id. */
  readonly width: number;
  /** Index of the first slot. */
  readonly start: number;
}

/** A stretch of indexes: `from` is in it, `to` is not. */
export interface IndexSpan {
  readonly from: number;
  readonly to: number;
}

const DIGITS = /^[0-9]{1,15}$/;

/**
 * Slot ids to indexes and back, by arithmetic: no table of ids. Indexes count through the ranges in their order. The ranges are
 * as the settings admit them: of equal width, none overlapping another; an id in two of them would count in the first alone.
 */
export class SlotRanges {
  /** One more than the highest index. */
  readonly size: number;
  readonly #stretches: readonly Stretch[];

  constructor(ranges: readonly SlotRange[]) {
    let size = 0;
    this.#stretches = ranges.map((range) => {
      const [first, last] = [Number(range.first), Number(range.last)];
      const stretch = { first, last, width: range.first.length, start: size };
      size += last - first + 1;
      return stretch;
    });
    this.size = size;
  }

  /** The slot's index; undefined when it is in no range. */
  indexOf(slot: string): number | undefined {
    if (!DIGITS.test(slot)) return undefined;
    const number = Number(slot);
    for (const { first, last, width, start } of this.#stretches) {
      if (width === slot.length && first <= number && number <= last) return start + number - first;
    }
    return undefined;
  }

  /** The id of the slot at `index`. Throws RangeError when there is none. */
  slotAt(index: number): string {
    const stretch = this.#stretches.findLast((each) => each.start <= index);
    if (stretch === undefined || index >= this.size) throw new RangeError(`no slot at ${index}`);
    return String(stretch.first + index - stretch.start).padStart(stretch.width, '0');
  }

  /** The indexes of the slots whose number is at most `maxNumber`. */
  upTo(maxNumber: number): IndexSpan[] {
    return this.#stretches
      .filter(({ first }) => first <= maxNumber)
      .map(({ start, first, last }) => ({ from: start, to: start + Math.min(last, maxNumber) - first + 1 }));
  }

  /**
   * The index where a choice goes on after `slot`. One that is in no range (any more) is passed as if it were there: the first
   * range that reaches beyond its number goes on.
   */
  after(slot: string): number {
    const index = this.indexOf(slot);
    if (index !== undefined) return index + 1;
    const number = DIGITS.test(slot) ? Number(slot) : -1;
    const stretch = this.#stretches.find(({ last }) => last > number);
    return stretch === undefined ? 0 : stretch.start + Math.max(0, number + 1 - stretch.first);
  }
}
