import { type Clock, sleep } from '@parkade/clock';
import type { BusMessage, StreamSpec, SubscribeOptions } from '../bus.js';
import { BusError } from '../bus.js';
import { openFeed, type Feed } from './feed.js';
import type { NatsSession } from './session.js';
import type { StreamKeeper } from './stream-keeper.js';
import { readStream, type StreamState } from './streams.js';

/** The pause before a feed that ended is opened again, in milliseconds. */
const RETRY_MS = 200;

export interface ReaderDeps {
  readonly clock: Clock;
  readonly keeper: StreamKeeper;
  readonly onMessage: (message: BusMessage) => void;
  /** What was kept has been delivered. */
  readonly onReplayed?: (() => void) | undefined;
  readonly onHandlerError: (error: unknown) => void;
  readonly onFault: (doing: string, error: unknown) => void;
  /** Asks for all streams to be looked at soon. */
  readonly suspectLoss: () => void;
}

/**
 * One subscription, over as many feeds as it takes.
 *
 *   F1. A message is handed over only if its sequence is above the position, and the position then moves to it; so nothing
 *       comes twice, and a new feed begins right after the position.
 *   F2. A feed that skips, falls silent or ends is replaced.
 *   F3. In a stream that is not the one the position belongs to, the reader starts over: all in it is new.
 *   F4. `onReplayed` is called once a stream, as soon as nothing waits to be delivered.
 */
export class Reader {
  #position: number | undefined;
  #stream: StreamState | undefined;
  /** The last message of each subject has not been delivered completely yet. */
  #replayingLast: boolean;
  #replayed = false;
  #feed: Feed | undefined;
  #following: NatsSession | undefined;
  #closed = false;

  constructor(
    private readonly spec: StreamSpec,
    private readonly pattern: string,
    private readonly replay: SubscribeOptions['replay'],
    private readonly deps: ReaderDeps,
  ) {
    this.#replayingLast = replay === 'last';
    if (replay !== 'none') this.#position = 0;
  }

  /** Opens the first feed; rejects where that fails. */
  async open(session: NatsSession): Promise<void> {
    await this.#attach(session);
  }

  /** Keeps feeds going on `session` until it ends or the reader is closed. Never rejects. */
  async follow(session: NatsSession): Promise<void> {
    if (this.#following === session) return;
    this.#following = session;
    while (!this.#isOver(session)) {
      let feed: Feed | undefined;
      try {
        feed = this.#feed?.session === session ? this.#feed : await this.#attach(session);
        await feed.ended;
      } catch (error) {
        this.deps.onFault(`reading ${this.pattern}`, error);
      }
      if (this.#feed === feed) this.#feed = undefined;
      if (!this.#isOver(session)) await sleep(this.deps.clock, RETRY_MS);
    }
  }

  /** Opens a new feed if this reads the stream `name`, because that was lost. */
  startAgain(name: string): void {
    if (name === this.spec.name) this.#feed?.close();
  }

  close(): void {
    this.#closed = true;
    this.#feed?.close();
  }

  #isOver(session: NatsSession): boolean {
    return this.#closed || session.over;
  }

  async #attach(session: NatsSession): Promise<Feed> {
    const state = await readStream(session, this.spec.name);
    if (state === undefined) {
      this.deps.suspectLoss();
      throw new BusError('unavailable', `stream ${this.spec.name} is missing`);
    }
    this.#place(state);
    const feed = await openFeed(session, this.deps.clock, {
      stream: this.spec.name,
      pattern: this.pattern,
      from: this.#replayingLast ? 'last' : (this.#position ?? 0) + 1,
      onMessage: (message, pending) => this.#take(message, pending),
    });
    if (feed.pending === 0) this.#caughtUp();
    if (this.#closed) feed.close();
    this.#feed = feed;
    return feed;
  }

  /** Settles where to begin in the stream as it is now. */
  #place(state: StreamState): void {
    const another = this.#stream !== undefined && this.#stream.created !== state.created;
    this.#position ??= state.lastSequence;
    if (another) {
      this.#position = 0;
      this.#replayingLast = this.replay === 'last';
      this.#replayed = false;
    }
    if (another || state.lastSequence < this.#position) this.deps.suspectLoss();
    this.#position = Math.min(this.#position, state.lastSequence);
    this.#stream = state;
  }

  #take(message: BusMessage, pending: number): void {
    if (this.#closed) return;
    if (message.sequence > (this.#position ?? 0)) {
      this.#position = message.sequence;
      this.deps.keeper.saw(this.spec.name, message.sequence);
      try {
        this.deps.onMessage(message);
      } catch (error) {
        this.deps.onHandlerError(error);
      }
    }
    if (pending === 0) this.#caughtUp();
  }

  #caughtUp(): void {
    this.#replayingLast = false;
    if (this.#replayed || this.#closed) return;
    this.#replayed = true;
    try {
      this.deps.onReplayed?.();
    } catch (error) {
      this.deps.onHandlerError(error);
    }
  }
}
