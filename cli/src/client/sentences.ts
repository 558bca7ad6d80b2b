import { DEFAULT_LOT, EXTENSION_LOT } from '@parkade/ids';
import type { Park, Slot, Timestamp } from '@parkade/proto';
import { timestampMs } from '@parkade/rpc';
import { callerOf, stateName } from './plain-park.js';

/** `701`, `sales/701` where the lot is not the default one, or `extension 204`. */
export function placeOf({ lotId, slot }: { readonly lotId: string; readonly slot: string }): string {
  if (lotId === EXTENSION_LOT) return `extension ${slot}`;
  return lotId === DEFAULT_LOT ? slot : `${lotId}/${slot}`;
}

/** `in 1m30s`, `now`, `never`: how long until a time, rounded to whole seconds. */
export function untilWords(time: Timestamp | undefined, nowMs: number): string {
  if (time === undefined) return 'never';
  const leftMs = timestampMs(time) - nowMs;
  return leftMs < 1_000 ? 'now' : `in ${lengthWords(leftMs + 500)}`;
}

/** `45s`, `1m30s`, `2h5m`; under a second `0s`. */
export function lengthWords(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m${seconds % 60}s`;
  return `${Math.floor(seconds / 3_600)}h${Math.floor((seconds % 3_600) / 60)}m`;
}

/** What a slot is now, in one line: `701 parked: Ada 555`, `701 free`. */
export function slotLine(slot: Slot): string {
  const place = placeOf(slot);
  if (slot.parks.length === 0) return `${place} free`;
  return `${place} ${slot.parks.map((park) => `${stateName(park.state)}: ${callerOf(park.call)}`).join(', ')}`;
}

/** `Ada 555 waits in 701 (comes back in 2m0s), park id …`. */
export function parkLine(park: Park, nowMs: number): string {
  const back = `comes back ${untilWords(park.recallAt, nowMs)}`;
  return `${callerOf(park.call)} waits in ${placeOf(park)} (${back}), park id ${park.parkId}`;
}

/** `Ada 555 was retrieved from 701, park id …`. */
export function retrievedLine(park: Park): string {
  return `${callerOf(park.call)} was retrieved from ${placeOf(park)}, park id ${park.parkId}`;
}
