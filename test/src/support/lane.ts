import type { Socket } from 'node:net';

interface Parcel {
  readonly atMs: number;
  /** Undefined: the end. */
  readonly chunk: Buffer | undefined;
}

/** Past this the sender has to wait. */
const MAX_QUEUED_BYTES = 4 << 20;

/** One direction of a connection: what comes in goes out in its order, later where it is delayed, not at all while it is held. */
export class Lane {
  #queue: Parcel[] = [];
  #bytes = 0;
  #delayMs = 0;
  #held = false;
  #ended = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly from: Socket,
    private readonly to: Socket,
  ) {}

  set(held: boolean, delayMs: number): void {
    this.#held = held;
    this.#delayMs = delayMs;
    this.#pump();
  }

  push(chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes > MAX_QUEUED_BYTES) this.from.pause();
    this.#put(chunk);
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#put(undefined);
  }

  #put(chunk: Buffer | undefined): void {
    if (!this.#held && this.#delayMs === 0 && this.#queue.length === 0) this.#pass(chunk);
    else {
      this.#queue.push({ atMs: performance.now() + this.#delayMs, chunk });
      this.#pump();
    }
  }

  #pump(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    while (!this.#held) {
      const [first] = this.#queue;
      if (first === undefined) return;
      const waitMs = first.atMs - performance.now();
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.#pump(), waitMs);
        return;
      }
      this.#queue.shift();
      this.#pass(first.chunk);
    }
  }

  #pass(chunk: Buffer | undefined): void {
    if (chunk === undefined) {
      if (this.from.errored !== null) this.to.resetAndDestroy();
      else this.to.end();
      return;
    }
    this.#bytes -= chunk.length;
    if (this.from.isPaused() && this.#bytes <= MAX_QUEUED_BYTES) this.from.resume();
    if (!this.to.destroyed) this.to.write(chunk);
  }
}
