const LIMIT_MS = 20_000;

/** What somebody waits for, by name: told once each. */
export class News {
  readonly #waits = new Map<string, () => void>();

  /** Waits from now on; rejects when it is not told in time. */
  wait(what: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const limit = setTimeout(() => {
        this.#waits.delete(what);
        reject(new Error(`not ${what} in time`));
      }, LIMIT_MS);
      this.#waits.set(what, () => {
        clearTimeout(limit);
        this.#waits.delete(what);
        resolve();
      });
    });
  }

  tell(what: string): void {
    this.#waits.get(what)?.();
  }
}
