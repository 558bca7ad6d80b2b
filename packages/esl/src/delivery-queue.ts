// What waits for the listener.
//   V1. One item at a time, in order; the next only when the listener is done with the one before.
//   V2. A listener that is done at once (returns no promise) sees an item in the very turn it arrives.
//   V3. At `max` items `onFull` is called (the socket is paused), at half of it `onSpace`: what is held is max and what
//       one read of the socket decodes to. Nothing is dropped.
//   V4. A listener that fails does not stop what comes after; the failure is reported.
export interface Delivery<T> {
  deliver(item: T): void | Promise<void>;
  /** The listener threw or rejected. */
  onFault(error: unknown): void;
  onFull(): void;
  onSpace(): void;
}

export class DeliveryQueue<T> {
  readonly #max: number;
  readonly #delivery: Delivery<T>;
  #items: T[] = [];
  #running = false;
  #held = false;
  #full = false;
  #whenIdle: (() => void)[] = [];

  constructor(max: number, delivery: Delivery<T>) {
    this.#max = max;
    this.#delivery = delivery;
  }

  /** What waits. */
  get length(): number {
    return this.#items.length;
  }

  push(item: T): void {
    this.#items.push(item);
    if (!this.#full && this.#items.length >= this.#max) {
      this.#full = true;
      this.#delivery.onFull();
    }
    void this.#run();
  }

  /** Keeps items until {@link release} or {@link drop}. */
  hold(): void {
    this.#held = true;
  }

  /** Delivers `first`, then what was held. */
  release(first: T): void {
    this.#items.unshift(first);
    this.#held = false;
    void this.#run();
  }

  /** Forgets what was held: it belongs to a connection that never came up. */
  drop(): void {
    this.#items = [];
    this.#held = false;
    this.#full = false;
  }

  /** Resolves when nothing waits and the listener is done. */
  idle(): Promise<void> {
    if (!this.#running && this.#items.length === 0) return Promise.resolve();
    return new Promise((resolve) => this.#whenIdle.push(resolve));
  }

  async #run(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    for (let item = this.#next(); item !== undefined; item = this.#next()) {
      try {
        const done = this.#delivery.deliver(item.value);
        if (done !== undefined) await done;
      } catch (error) {
        this.#delivery.onFault(error);
      }
    }
    this.#running = false;
    if (this.#items.length === 0) for (const resolve of this.#whenIdle.splice(0)) resolve();
  }

  #next(): { value: T } | undefined {
    if (this.#held || this.#items.length === 0) return undefined;
    const [value] = this.#items.splice(0, 1) as [T];
    if (this.#full && this.#items.length <= this.#max / 2) {
      this.#full = false;
      this.#delivery.onSpace();
    }
    return { value };
  }
}
