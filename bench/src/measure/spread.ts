/** The value in the middle; of an even number, the mean of both. NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(half) - 1], sorted[Math.floor(half)]];
  return low === undefined || high === undefined ? NaN : (low + high) / 2;
}

/** From the lowest to the highest. */
export function spread(values: readonly number[]): readonly [number, number] {
  return [Math.min(...values), Math.max(...values)];
}

/** Each value over the one measured beside it. */
export function ratios(values: readonly number[], baselines: readonly number[]): readonly number[] {
  return values.map((value, i) => value / (baselines[i] ?? NaN));
}
