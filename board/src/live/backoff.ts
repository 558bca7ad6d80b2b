const FIRST_MS = 250;
const MAX_MS = 5_000;

/** How long to wait before the `attempt`th try (from 1): doubles to 5 s, half of it by chance (`random` in [0, 1)). */
export function retryDelayMs(attempt: number, random: number): number {
  const full = Math.min(FIRST_MS * 2 ** (attempt - 1), MAX_MS);
  return full / 2 + (full / 2) * random;
}
