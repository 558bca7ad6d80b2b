import type { Random } from '@parkade/clock';

/** A delay in ms that doubles from `minMs` to `maxMs` with each attempt (0 is the first), half of it random. */
export function backOffMs(attempt: number, minMs: number, maxMs: number, random: Random): number {
  return Math.min(maxMs, minMs * 2 ** Math.min(attempt, 20)) * (0.5 + random.next() / 2);
}
