import type { Clock, Timer } from '@parkade/clock';
import { BusError, type BusMessage, type Reading, type ReadFrom, type ReadMessage } from './bus.js';
import type { EmbeddedStream } from './embedded-stream.js';
import { beginningOf, checkNext, positionOf } from './position.js';
import { matcher } from './subject.js';

export interface EmbeddedReadingDeps {
  readonly clock: Clock;
  readonly reachable: () => boolean;
  /** Hears that it is wanted no more. */
  readonly onClose: (reading: EmbeddedReading) => void;
}

/** A place in a stream of the embedded bus; holds no messages. */
export class EmbeddedReading implements Reading {
  readonly #matches: (subject: string) => boolean;
  #sequence: number;
  #stream: string;
  #sinceMs: number;
  #wake: (() => void) | undefined;
  #closed = false;

  /** Throws `invalid`. */
  constructor(
    readonly stream: EmbeddedStream,
    pattern: string,
    from: ReadFrom,
    private readonly deps: EmbeddedReadingDeps,
  ) {
    this.#matches = matcher(pattern);
    const place = beginningOf(from);
    this.#sinceMs = 'sinceMs' in place ? place.sinceMs : 0;
    this.#sequence = 'sinceMs' in place ? 0 : place.sequence;
    this.#stream = 'sinceMs' in place ? stream.identity : place.stream;
  }

  async next(limit: number, waitMs: number): Promise<readonly ReadMessage[]> {
    checkNext(limit, waitMs);
    const { clock } = this.deps;
    const untilMs = clock.monotonicMs() + waitMs;
    for (;;) {
      const found = this.#take(limit);
      const leftMs = untilMs - clock.monotonicMs();
      if (found.length > 0 || leftMs <= 0 || this.#closed) return found;
      await this.#woken(leftMs);
    }
  }

  /** Says that the stream may hold something new. */
  wake(): void {
    this.#wake?.();
  }

  close(): void {
    this.#closed = true;
    this.#wake?.();
    this.deps.onClose(this);
  }

  #take(limit: number): readonly ReadMessage[] {
    if (this.#closed) return [];
    if (!this.deps.reachable()) throw new BusError('unavailable', 'the bus is away');
    const { stream } = this;
    if (this.#stream !== stream.identity) {
      this.#stream = stream.identity;
      this.#sequence = 0;
      this.#sinceMs = 0;
    }
    const wanted = (message: BusMessage, storedWallMs: number): boolean =>
      storedWallMs >= this.#sinceMs && this.#matches(message.subject);
    const { found, next } = stream.read(this.#sequence, limit, wanted);
    this.#sequence = next;
    return found.map((message) => ({
      ...message,
      position: positionOf({ stream: this.#stream, sequence: message.sequence }),
    }));
  }

  #woken(waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        timer.cancel();
        this.#wake = undefined;
        resolve();
      };
      const timer: Timer = this.deps.clock.setTimer(waitMs, done);
      this.#wake = done;
    });
  }
}
