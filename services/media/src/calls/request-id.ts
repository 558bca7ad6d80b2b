import { createHash } from 'node:crypto';
import type { Clock, Random } from '@parkade/clock';
import { newRequestId } from '@parkade/ids';

/** Older than this an id would be refused as too old before long; then a new one is made. */
const FRESH_MS = 5 * 60_000;

/**
 * The request id of what is done for a leg: the same from whichever process, so that a call whose owner changes in the
 * middle is parked once. `sinceMs` is when the leg came to its number.
 */
export function requestIdFor(
  about: { readonly node: string; readonly legId: string; readonly sinceMs: number },
  purpose: string,
  clock: Clock,
  random: Random,
): string {
  const nowMs = Math.trunc(clock.nowMs());
  const { node, legId, sinceMs } = about;
  if (sinceMs <= 0 || sinceMs > nowMs || sinceMs < nowMs - FRESH_MS) return newRequestId(nowMs, random);
  const digest = createHash('sha256')
    .update(JSON.stringify([node, legId, sinceMs, purpose]))
    .digest();
  return newRequestId(sinceMs, { next: () => 0, bytes: (length) => digest.subarray(0, length) });
}
