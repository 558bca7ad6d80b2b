import { HOLDING_LOT } from '@parkade/ids';
import type { ParkView } from './types.js';

/** When a park that waits unrung comes back, or its longest stay is over; wall ms, Infinity: never. */
export function dueMs(park: ParkView): number {
  if (park.state.kind !== 'parked') return Infinity;
  // A call of the holding lot has no slot: its parker is rung at once, and after that as the record says.
  if (park.lotId === HOLDING_LOT && park.attempt === 0) return park.parkedAtMs;
  const { recallAtMs } = park.state;
  return Math.min(recallAtMs === 0 ? Infinity : recallAtMs, expiryMs(park));
}

/** When the longest stay is over; wall ms, Infinity: never. */
export function expiryMs(park: ParkView): number {
  return park.maxParkMs === 0 ? Infinity : park.parkedAtMs + park.maxParkMs;
}
