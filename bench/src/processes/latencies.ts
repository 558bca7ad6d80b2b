/** How long each of many operations took. Bounded: past `CAPACITY` the oldest are overwritten. */
export class Latencies {
  static readonly CAPACITY = 1 << 20;
  readonly #ms = new Float64Array(Latencies.CAPACITY);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add(ms: number): void {
    this.#ms[this.#count++ % Latencies.CAPACITY] = ms;
  }

  /** The slowest share (0 to 1) of them, the slowest first: what the high quantiles of several runs together are made of. */
  slowest(share: number): readonly number[] {
    const sorted = this.#ms.slice(0, Math.min(this.#count, Latencies.CAPACITY)).sort();
    return [...sorted.slice(Math.floor((1 - share) * sorted.length))].reverse();
  }

  /** The value below which this share (0 to 1) of all lies; 0 where there is none. */
  quantile(share: number): number {
    const sorted = this.#ms.slice(0, Math.min(this.#count, Latencies.CAPACITY)).sort();
    return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  }
}
