import type { Clock } from '@parkade/clock';
import type { BusMessage, SubscribeOptions } from './bus.js';
import type { EmbeddedStream } from './embedded-stream.js';
import { matcher } from './subject.js';

/** Messages handed over in one turn of the event loop. */
const BATCH = 256;

export interface EmbeddedSubscriptionDeps {
  readonly clock: Clock;
  readonly onMessage: (message: BusMessage) => void;
  /** What was kept has been delivered. */
  readonly onReplayed?: (() => void) | undefined;
  /** What `onMessage` threw. */
  readonly onHandlerError: (error: unknown) => void;
  /** Whether the bus is there; while it is not, nothing is delivered, and `wake` is called when it comes back. */
  readonly reachable: () => boolean;
}

/**
 * A reader of one stream. It holds a place in the stream and nothing else: what is not delivered yet waits in the stream,
 * within the stream's bounds, and a reader that is too slow for them sees a gap in the sequences.
 *
 *   R1. Messages come in the stream's order, never within the call that published them.
 *   R2. After `stop` nothing is delivered.
 *   R3. `onReplayed` is called once an incarnation of the stream, when nothing in it waits to be delivered.
 */
export class EmbeddedSubscription {
  readonly #matches: (subject: string) => boolean;
  #position: number;
  /** Up to this sequence only the last message of each subject is wanted (`replay: 'last'`). */
  #lastOnlyUpTo: number;
  #incarnation: number;
  #replayed = false;
  #scheduled = false;
  #stopped = false;

  constructor(
    private readonly stream: EmbeddedStream,
    pattern: string,
    private readonly replay: SubscribeOptions['replay'],
    private readonly deps: EmbeddedSubscriptionDeps,
  ) {
    this.#matches = matcher(pattern);
    this.#position = replay === 'none' ? stream.lastSequence : 0;
    this.#lastOnlyUpTo = replay === 'last' ? stream.lastSequence : 0;
    this.#incarnation = stream.incarnation;
    this.wake();
  }

  /** Says that the stream may hold something new. */
  wake(): void {
    if (this.#scheduled || this.#stopped) return;
    this.#scheduled = true;
    this.deps.clock.defer(() => this.#pump());
  }

  stop(): void {
    this.#stopped = true;
  }

  #pump(): void {
    this.#scheduled = false;
    if (this.#stopped || !this.deps.reachable()) return;
    if (this.#incarnation !== this.stream.incarnation) this.#startOver();
    const { found, next } = this.stream.read(this.#position, BATCH, (message) => this.#wants(message));
    for (const message of found) {
      this.#position = message.sequence;
      this.#deliver(message);
      // The handler may have closed this subscription or wiped the stream.
      if (this.#isOver()) return this.wake();
    }
    this.#position = next;
    if (this.#position < this.stream.lastSequence) this.wake();
    else this.#caughtUp();
  }

  #caughtUp(): void {
    if (this.#replayed) return;
    this.#replayed = true;
    try {
      this.deps.onReplayed?.();
    } catch (error) {
      this.deps.onHandlerError(error);
    }
  }

  #isOver(): boolean {
    return this.#stopped || this.#incarnation !== this.stream.incarnation;
  }

  /** The stream was lost: all that it holds now is new. */
  #startOver(): void {
    this.#incarnation = this.stream.incarnation;
    this.#replayed = false;
    this.#position = 0;
    this.#lastOnlyUpTo = this.replay === 'last' ? this.stream.lastSequence : 0;
  }

  #wants(message: BusMessage): boolean {
    if (!this.#matches(message.subject)) return false;
    if (message.sequence > this.#lastOnlyUpTo) return true;
    return this.stream.isLast(message);
  }

  #deliver(message: BusMessage): void {
    try {
      this.deps.onMessage(message);
    } catch (error) {
      this.deps.onHandlerError(error);
    }
  }
}
