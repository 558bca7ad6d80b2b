import { z } from 'zod';

/** A lot has at most this many ranges. */
export const MAX_RANGES = 64;

/** A lot's ranges hold at most this many slots together. */
export const MAX_RANGE_SLOTS = 1_000_000;

const DIGITS = /^[0-9]{1,15}$/;
const digits = z.string().regex(DIGITS, { error: 'must be a string of 1 to 15 digits' });

const rangeSchema = z.strictObject({ first: digits, last: digits }).superRefine(({ first, last }, context) => {
  if (!DIGITS.test(first) || !DIGITS.test(last)) return;
  if (first.length !== last.length) {
    const hint =
      'leading zeros count, so every slot of a range has as many digits; 1 to 20 is two ranges, 1-9 and 10-20';
    context.addIssue({ code: 'custom', message: `first and last must have the same number of digits (${hint})` });
  } else if (first > last) {
    context.addIssue({ code: 'custom', message: 'first must not be greater than last' });
  }
});

/**
 * Numbered slots from `first` to `last`, both included. Slots are strings and leading zeros count: both ends have the same
 * number of digits, and so has every slot between them (`007`-`010` is 007, 008, 009, 010).
 */
export type SlotRange = z.output<typeof rangeSchema>;

/** A lot's ranges: none overlaps another, together at most `MAX_RANGE_SLOTS` slots. */
export const rangesSchema = z
  .array(rangeSchema)
  .max(MAX_RANGES, { error: `at most ${MAX_RANGES} ranges` })
  .superRefine((ranges, context) => {
    const sorted = [...ranges].sort((a, b) => a.first.length - b.first.length || (a.first < b.first ? -1 : 1));
    for (const [i, range] of sorted.entries()) {
      const next = sorted[i + 1];
      if (next?.first.length === range.first.length && next.first <= range.last) {
        const message = `${range.first}-${range.last} and ${next.first}-${next.last} overlap`;
        context.addIssue({ code: 'custom', message });
      }
    }
    if (slotCount(ranges) > MAX_RANGE_SLOTS) {
      context.addIssue({ code: 'custom', message: `at most ${MAX_RANGE_SLOTS} slots in all ranges together` });
    }
  });

/** How many slots the ranges hold. */
export function slotCount(ranges: readonly SlotRange[]): number {
  let count = 0;
  for (const range of ranges) count += Number(range.last) - Number(range.first) + 1;
  return count;
}

/** The slot at `index` (from 0), counted through the ranges in their order; undefined past the end. */
export function slotAt(ranges: readonly SlotRange[], index: number): string | undefined {
  let left = index;
  for (const range of ranges) {
    const first = Number(range.first);
    const size = Number(range.last) - first + 1;
    if (left < size) return left < 0 ? undefined : String(first + left).padStart(range.first.length, '0');
    left -= size;
  }
  return undefined;
}

/** The place of a slot in the ranges, the inverse of `slotAt`; -1 when it lies in none. */
export function slotIndex(ranges: readonly SlotRange[], slot: string): number {
  let before = 0;
  for (const range of ranges) {
    const { first, last } = range;
    // Equal lengths, so that the order of the strings is the order of the numbers.
    if (slot.length === first.length && slot >= first && slot <= last && DIGITS.test(slot)) {
      return before + Number(slot) - Number(first);
    }
    before += Number(last) - Number(first) + 1;
  }
  return -1;
}
