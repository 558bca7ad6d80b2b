import type { LotSettings } from './lot-settings.js';
import { slotIndex } from './ranges.js';

/** The number of a slot id; undefined when it is none. "007" and "7" are different slots with the same number. */
export function slotNumber(slot: string): number | undefined {
  return /^[0-9]{1,15}$/.test(slot) ? Number(slot) : undefined;
}

/**
 * Whether a lot has a slot that is asked for by name. `maxSlotNumber` is the request's or flow's bound (undefined: none);
 * the lower of it and the lot's own holds, and a slot that is not a number has no bound.
 */
export function slotVerdict(
  lot: LotSettings,
  slot: string,
  maxSlotNumber?: number,
): 'ok' | 'not-in-lot' | 'beyond-max' {
  if (!lot.any_slot && slotIndex(lot.ranges, slot) < 0) return 'not-in-lot';
  const bound = Math.min(lot.max_slot_number ?? Infinity, maxSlotNumber ?? Infinity);
  return bound !== Infinity && (slotNumber(slot) ?? 0) > bound ? 'beyond-max' : 'ok';
}
