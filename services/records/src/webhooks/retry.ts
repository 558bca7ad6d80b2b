import type { Random } from '@parkade/clock';

/** The pause after the n-th failed attempt (from 1), in ms: three times as long each time, at most `retryMaxMs`, half of it random. */
export function pauseMs(
  failed: number,
  { retryFirstMs, retryMaxMs }: { readonly retryFirstMs: number; readonly retryMaxMs: number },
  random: Random,
): number {
  const whole = Math.min(retryMaxMs, retryFirstMs * 3 ** (failed - 1));
  return whole / 2 + (whole / 2) * random.next();
}
