import { type Clock, FleetingMap, numberHash } from '@parkade/clock';
import { BatchWriter } from '@parkade/rpc';
import type { Deadline } from '../deadline.js';
import { DeadlineWheel } from './deadline-wheel.js';
import { encodeExchange, type Outgoing } from './encode-exchange.js';
import type { Order } from './order.js';
import type { OwnerAnswer } from './owner-answer.js';
import type { OwnerChannel } from './owner-transport.js';

/** What became of one attempt. */
export type Outcome =
  | { readonly kind: 'answer'; readonly answer: OwnerAnswer }
  /** It certainly did not leave this process. */
  | { readonly kind: 'unsent' }
  /** It was sent, and the stream broke or the shard went to another owner: it may have been done. */
  | { readonly kind: 'lost' }
  /** Its time is over. */
  | { readonly kind: 'late'; readonly sent: boolean }
  /** Too many are under way. */
  | { readonly kind: 'full' };

interface Waiting extends Outgoing {
  readonly done: (outcome: Outcome) => void;
  sent: boolean;
  over: boolean;
}

interface Session {
  abandon: () => void;
}

export interface OwnerLinkLimits {
  readonly maxPerOwner: number;
  readonly maxBatch: number;
}

/**
 * All commands to one owner, on one Exchange stream that is opened when there is something to send.
 *
 *   K1. Of each `send` it is told once what became of it, at its deadline at the latest (one tick of the wheel late).
 *   K2. `unsent`, and `late` with `sent: false`, are said only of a command that was not and will not be written.
 *   K3. An answer nobody waits for (a second one, a late one) is dropped.
 *   K4. At most `maxPerOwner` wait for their answer.
 *   K5. Commands for a shard that went to another owner do not wait on here: one that is frozen answers nobody.
 */
export class OwnerLink {
  readonly #waiting = new FleetingMap<number, Waiting>(numberHash);
  readonly #wheel: DeadlineWheel;
  #queued: Waiting[] = [];
  #writer: BatchWriter<Waiting, Uint8Array> | undefined;
  #session: Session | undefined;
  #lastId = 0;
  /** The shards that moved in this millisecond, each with the id it was asked under last: all that wait are gone through once. */
  #moves: { readonly atMs: number; readonly graceMs: number; readonly lastIds: Map<number, number> } | undefined;
  #closed = false;

  constructor(
    readonly channel: OwnerChannel,
    private readonly clock: Clock,
    private readonly limits: OwnerLinkLimits,
  ) {
    this.#wheel = new DeadlineWheel(clock, (id) => this.#expire(id));
  }

  /** Commands that wait for their answer. */
  get underWay(): number {
    return this.#waiting.size;
  }

  /** `done` must not throw. What can be told at once is told before this returns. */
  send(order: Order, deadline: Deadline, done: (outcome: Outcome) => void): void {
    if (this.#closed) return done({ kind: 'unsent' });
    if (this.#full()) return done({ kind: 'full' });
    const correlationId = ++this.#lastId;
    const waiting = { order, correlationId, deadline, done, sent: false, over: false };
    this.#waiting.set(correlationId, waiting);
    this.#wheel.add(correlationId, deadline);
    if (this.#writer !== undefined) this.#writer.push(waiting);
    else this.#open(waiting);
  }

  /**
   * The shard has another owner now. What was asked of it here and is not answered within `graceMs` (an owner that hands it over
   * still tells what it did) is told to be `lost`, or `unsent`.
   */
  moved(shard: number, graceMs: number): void {
    if (this.#waiting.size === 0) return;
    const atMs = Math.floor(this.clock.monotonicMs());
    if (this.#moves?.atMs !== atMs || this.#moves.graceMs !== graceMs) {
      const lastIds = new Map<number, number>();
      this.#moves = { atMs, graceMs, lastIds };
      this.clock.setTimer(graceMs, () => this.#lose(lastIds));
    }
    this.#moves.lastIds.set(shard, this.#lastId);
  }

  /** Of what was asked of these shards up to these ids. */
  #lose(lastIds: ReadonlyMap<number, number>): void {
    const asked: Waiting[] = [];
    this.#waiting.forEach((waiting) => {
      if (waiting.correlationId <= (lastIds.get(waiting.order.shard) ?? 0)) asked.push(waiting);
    });
    for (const { correlationId, sent } of inOrder(asked)) {
      this.#settle(correlationId, { kind: sent ? 'lost' : 'unsent' });
    }
  }

  /** Ends the stream and the channel; whoever waits hears `lost` or `unsent`. Idempotent. */
  close(): void {
    this.#closed = true;
    this.#session?.abandon();
    this.#fail();
    this.#wheel.close();
    this.channel.close();
  }

  /** Those whose time is over may still stand in the queue to be written, so that counts, too (K4). */
  #full(): boolean {
    const queued = this.#writer?.size ?? this.#queued.length;
    return Math.max(this.#waiting.size, queued) >= this.limits.maxPerOwner;
  }

  #open(first: Waiting): void {
    this.#queued.push(first);
    if (this.#session !== undefined) return;
    const session: Session = { abandon: () => undefined };
    this.#session = session;
    session.abandon = this.channel.exchange({
      opened: (stream) => {
        this.#writer = new BatchWriter(stream, (items) => this.#batch(items), this.clock, this.limits.maxBatch);
        for (const item of this.#queued) this.#writer.push(item);
        this.#queued = [];
      },
      answers: (answers) => {
        for (const answer of answers) this.#settle(answer.correlationId, { kind: 'answer', answer });
      },
      closed: () => {
        if (this.#session === session) this.#fail();
      },
    });
  }

  /** What is written now. Those whose time is over are left out (K2). */
  #batch(items: readonly Waiting[]): Uint8Array {
    const written = items.filter(({ over }) => !over);
    for (const item of written) item.sent = true;
    return encodeExchange(written, this.clock.monotonicMs());
  }

  #fail(): void {
    this.#writer?.close();
    this.#writer = undefined;
    this.#session = undefined;
    this.#queued = [];
    const failed = inOrder(this.#waiting.values());
    this.#waiting.clear();
    for (const waiting of failed) {
      waiting.over = true;
      waiting.done({ kind: waiting.sent ? 'lost' : 'unsent' });
    }
  }

  #expire(id: number): void {
    const waiting = this.#waiting.get(id);
    if (waiting !== undefined) this.#settle(id, { kind: 'late', sent: waiting.sent });
  }

  #settle(id: number, outcome: Outcome): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    waiting.over = true;
    waiting.done(outcome);
  }
}

/** As they were sent. */
function inOrder(waiting: Waiting[]): Waiting[] {
  return waiting.sort((a, b) => a.correlationId - b.correlationId);
}
