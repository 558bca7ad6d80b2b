/** Counts what is under way, and tells those who wait whenever something of it ended. */
export class WorkUnderWay {
  #count = 0;
  #waiting: (() => void)[] = [];

  /** Whether nothing is under way. */
  get none(): boolean {
    return this.#count === 0;
  }

  begin(count = 1): void {
    this.#count += count;
  }

  end(count = 1): void {
    this.#count -= count;
  }

  /** Resolves at the next call of `told`. */
  next(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Something ended, or changed that somebody waits for. */
  told(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const done of waiting) done();
  }
}
