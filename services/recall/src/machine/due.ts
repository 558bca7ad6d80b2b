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

/**
 * How long before its deadline an attempt is put to its owner, in ms: what policy, contacts and a durable write take, so that
 * its phones ring at the deadline and not after it. Nothing rings before that, and a pickup in between wins.
 */
export const AHEAD_MS = 100;

/** When an attempt at it is prepared, wall ms. What its client rings, and the end of its longest stay, wait for their time. */
export function startMs(park: ParkView): number {
  const atMs = dueMs(park);
  return park.clusterMedia && atMs < expiryMs(park) ? atMs - AHEAD_MS : atMs;
}

/** When the longest stay is over; wall ms, Infinity: never. */
export function expiryMs(park: ParkView): number {
  return park.maxParkMs === 0 ? Infinity : park.parkedAtMs + park.maxParkMs;
}
