/** Work in lanes: one after the other in each, several lanes at once, in the order in which they got something to do. */
export class SlotLanes {
  readonly #lanes = new Map<string, (() => Promise<void>)[]>();
  readonly #waiting: string[] = [];
  #running = 0;

  constructor(private readonly maxAtOnce: number) {}

  /** `work` must not reject. */
  add(lane: string, work: () => Promise<void>): void {
    const standing = this.#lanes.get(lane);
    if (standing !== undefined) {
      standing.push(work);
      return;
    }
    this.#lanes.set(lane, [work]);
    this.#waiting.push(lane);
    this.#next();
  }

  #next(): void {
    while (this.#running < this.maxAtOnce) {
      const lane = this.#waiting.shift();
      if (lane === undefined) return;
      this.#running++;
      void this.#run(lane);
    }
  }

  async #run(lane: string): Promise<void> {
    const [work] = this.#lanes.get(lane) ?? [];
    await work?.();
    const rest = this.#lanes.get(lane) ?? [];
    rest.shift();
    this.#running--;
    // Behind all others that wait: one slot with much to tell must not keep them from it.
    if (rest.length > 0) this.#waiting.push(lane);
    else this.#lanes.delete(lane);
    this.#next();
  }
}
