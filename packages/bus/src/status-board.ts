import type { Clock } from '@parkade/clock';
import type { BusStatus } from './bus.js';

/** How the bus stands, and who is told. Nobody is told within the call that changed it. */
export class StatusBoard {
  readonly #listeners = new Set<(status: BusStatus) => void>();

  constructor(
    private readonly clock: Clock,
    private status: BusStatus,
  ) {}

  /** Tells every listener. */
  set(status: BusStatus): void {
    // A loss is told once, to those who listened then.
    this.status = { ...status, streamsLost: [] };
    for (const listener of this.#listeners) this.#tell(listener, status);
  }

  /** Adds a listener, which is told soon how things stand; returns what removes it. */
  listen(listener: (status: BusStatus) => void): () => void {
    const own = (status: BusStatus): void => listener(status);
    this.#tell(own, this.status);
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  close(): void {
    this.#listeners.clear();
  }

  #tell(listener: (status: BusStatus) => void, status: BusStatus): void {
    this.clock.defer(() => {
      if (this.#listeners.has(listener)) listener(status);
    });
  }
}
