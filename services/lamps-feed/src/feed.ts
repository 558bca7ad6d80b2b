import type { FeedLamp, FeedMark, FeedMessage } from './feed-message.js';

/** Lamps told in a row before the link is asked whether it has taken them. */
export const REPLAY_CHUNK = 256;

/** Where a feed's messages go. */
export interface FeedLink {
  /** Sends, or drops while the other end is away. Does not throw. */
  send(message: FeedMessage): void;
  /** Resolves when what was sent has been taken; rejects where the other end is away. */
  taken(): Promise<void>;
}

/**
 * What is known of all lamps, told again on demand.
 *
 *   L1. Each message names the one before it; none is sent out of its order.
 *   L2. Nothing is sent before all that the stream keeps is known (`known`), and then all of it first.
 *   L3. A replay tells of every lamp that is known at its end; of each what is newest when it is told.
 *   L4. However often and from however many sides a replay is asked for: one is under way at a time, and one follows it at most.
 */
export class LampsFeed {
  /** By subject; what was told first stands first. Bounded by the stream it mirrors. */
  readonly #lamps = new Map<string, { readonly lamp: FeedLamp; readonly heardMs: number }>();
  #at = 0;
  #known = false;
  #wanted = false;
  #replaying: Promise<void> | undefined;

  constructor(
    private readonly id: string,
    private readonly link: FeedLink,
  ) {}

  /** A lamp as the stream has it now. */
  tell(subject: string, lamp: FeedLamp, nowMs: number): void {
    this.#lamps.set(subject, { lamp, heardMs: nowMs });
    if (this.#known) this.#send(lamp);
  }

  /** All that the stream keeps has been told. */
  known(): void {
    this.#known = true;
    this.ask();
  }

  /** Forgets what was not told since: the stream was lost, and whoever owns slots has told all of them again. */
  forgetOlder(thanMs: number): void {
    for (const [subject, { heardMs }] of this.#lamps) if (heardMs < thanMs) this.#lamps.delete(subject);
    this.ask();
  }

  /** Says that it is there. */
  beat(): void {
    if (this.#known) this.#send({ type: 'beat' });
  }

  /** Begins a replay, or has one follow that is under way: who asks may have missed its beginning. */
  ask(): void {
    this.#wanted = true;
    if (this.#known) this.#replaying ??= this.#replays();
  }

  /** Resolves when no replay is under way. */
  async idle(): Promise<void> {
    await this.#replaying;
  }

  async #replays(): Promise<void> {
    while (this.#wanted) {
      this.#wanted = false;
      try {
        await this.#replay();
      } catch {
        // The other end is away; whoever misses something there asks again.
      }
    }
    this.#replaying = undefined;
  }

  async #replay(): Promise<void> {
    this.#send({ type: 'replay-begin' });
    let told = 0;
    for (const subject of [...this.#lamps.keys()]) {
      const lamp = this.#lamps.get(subject)?.lamp;
      if (lamp === undefined) continue;
      this.#send(lamp);
      if (++told % REPLAY_CHUNK === 0) await this.link.taken();
    }
    this.#send({ type: 'replay-end' });
    await this.link.taken();
  }

  #send(what: FeedLamp | FeedMark): void {
    const after = String(this.#at);
    this.#at += 1;
    this.link.send({ feed: this.id, at: String(this.#at), after, ...what });
  }
}
