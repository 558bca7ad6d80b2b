/** Lets at most `width` tasks run at once; the others wait in order. Who calls it bounds how many wait. */
export class Gate {
  #running = 0;
  #waiting: (() => void)[] = [];

  constructor(private readonly width: number) {}

  /** Undefined: entered. Else resolves when entered. Whoever entered calls `leave` once. */
  enter(): Promise<void> | undefined {
    if (this.#running >= this.width) return new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#running += 1;
    return undefined;
  }

  leave(): void {
    // The place goes straight to the next in line, so that nobody overtakes it.
    const next = this.#waiting.shift();
    if (next === undefined) this.#running -= 1;
    else next();
  }

  async run<T>(task: () => Promise<T>): Promise<T> {
    const waiting = this.enter();
    if (waiting !== undefined) await waiting;
    try {
      return await task();
    } finally {
      this.leave();
    }
  }
}
