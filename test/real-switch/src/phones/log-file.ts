import { readFile } from 'node:fs/promises';

const LOOK_MS = 15;

/** Follows what SIPp writes into a log file, line by line, until it is closed. */
export class LogFile {
  #seen = 0;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(
    private readonly path: string,
    private readonly onLine: (line: string) => void,
  ) {
    this.#next();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #next(): void {
    if (this.#closed) return;
    this.#timer = setTimeout(() => {
      void this.#look().finally(() => this.#next());
    }, LOOK_MS);
  }

  async #look(): Promise<void> {
    const text = await readFile(this.path, 'latin1').catch(() => '');
    const end = text.lastIndexOf('\n') + 1;
    const lines = text.slice(this.#seen, end).split('\n').slice(0, -1);
    this.#seen = Math.max(this.#seen, end);
    if (!this.#closed) for (const line of lines) this.onLine(line);
  }
}
