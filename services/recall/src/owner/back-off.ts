import type { Random } from '@parkade/clock';
import type { RecallLimits } from '../config.js';

/** A delay in ms that doubles with each attempt (0 is the first), half of it random. */
export function backOffMs(
  attempt: number,
  { retryMinMs, retryMaxMs }: Pick<RecallLimits, 'retryMinMs' | 'retryMaxMs'>,
  random: Random,
): number {
  return Math.min(retryMaxMs, retryMinMs * 2 ** Math.min(attempt, 20)) * (0.5 + random.next() / 2);
}
