/** Ids seen within a window of time, in the order they came; at most `capacity`, beyond which the oldest go early. */
export class RecentIds {
  readonly #ids = new Set<string>();
  #queue: { readonly id: string; readonly seenMs: number }[] = [];
  /** Everything in the queue before this index is forgotten. */
  #head = 0;

  constructor(private readonly capacity: number) {}

  get size(): number {
    return this.#ids.size;
  }

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  /** Remembers an id that is not remembered yet; `nowMs` never goes back. */
  add(id: string, nowMs: number): void {
    if (this.#ids.size >= this.capacity) this.#forgetOldest();
    this.#ids.add(id);
    this.#queue.push({ id, seenMs: nowMs });
  }

  /** Forgets what was seen at `untilMs` or before. */
  expire(untilMs: number): void {
    for (let oldest = this.#queue[this.#head]; oldest !== undefined; oldest = this.#queue[this.#head]) {
      if (oldest.seenMs > untilMs) return;
      this.#forgetOldest();
    }
  }

  clear(): void {
    this.#ids.clear();
    this.#queue = [];
    this.#head = 0;
  }

  #forgetOldest(): void {
    const oldest = this.#queue[this.#head];
    if (oldest === undefined) return;
    this.#ids.delete(oldest.id);
    this.#head += 1;
    if (this.#head > 1_024 && this.#head > this.#queue.length / 2) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
  }
}
