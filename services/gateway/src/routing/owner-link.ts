import type { Clock } from '@parkade/clock';
import type { Command, CommandAnswer, ExchangeRequest } from '@parkade/proto';
import { BatchWriter } from '@parkade/rpc';
import type { Deadline } from '../deadline.js';
import { DeadlineWheel } from './deadline-wheel.js';
import type { OwnerChannel } from './owner-transport.js';

/** A command without its correlation id, which is the link's own. */
export type Order = Omit<Command, 'correlationId' | 'timeoutMs' | 'trace'> & { readonly trace?: string };

/** What became of one attempt. */
export type Outcome =
  | { readonly kind: 'answer'; readonly answer: CommandAnswer }
  /** It certainly did not leave this process. */
  | { readonly kind: 'unsent' }
  /** It was sent, and the stream broke or the shard went to another owner: it may have been done. */
  | { readonly kind: 'lost' }
  /** Its time is over. */
  | { readonly kind: 'late'; readonly sent: boolean }
  /** Too many are under way. */
  | { readonly kind: 'full' };

interface Waiting {
  readonly shard: number;
  readonly resolve: (outcome: Outcome) => void;
  sent: boolean;
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
 *   K1. Each `send` resolves once, at its deadline at the latest (one tick of the wheel late).
 *   K2. `unsent`, and `late` with `sent: false`, are said only of a command that was not and will not be written.
 *   K3. An answer nobody waits for (a second one, a late one) is dropped.
 *   K4. At most `maxPerOwner` wait for their answer.
 *   K5. Commands for a shard that went to another owner do not wait on here: one that is frozen answers nobody.
 */
export class OwnerLink {
  readonly #waiting = new Map<number, Waiting>();
  readonly #wheel: DeadlineWheel;
  #queued: Command[] = [];
  #writer: BatchWriter<Command, ExchangeRequest> | undefined;
  #session: Session | undefined;
  #lastId = 0;
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

  send(order: Order, deadline: Deadline): Promise<Outcome> {
    if (this.#closed) return Promise.resolve({ kind: 'unsent' });
    if (this.#full()) return Promise.resolve({ kind: 'full' });
    const timeoutMs = Math.max(1, Math.floor(deadline - this.clock.monotonicMs()));
    const correlationId = ++this.#lastId;
    return new Promise((resolve) => {
      this.#waiting.set(correlationId, { shard: order.shard, resolve, sent: false });
      this.#wheel.add(correlationId, deadline);
      const command = { trace: '', ...order, correlationId, timeoutMs };
      if (this.#writer !== undefined) this.#writer.push(command);
      else this.#open(command);
    });
  }

  /**
   * The shard has another owner now. What was asked of it here and is not answered within `graceMs` (an owner that hands it over
   * still tells what it did) resolves to `lost`, or `unsent`.
   */
  moved(shard: number, graceMs: number): void {
    const asked = [...this.#waiting].filter(([, waiting]) => waiting.shard === shard);
    if (asked.length === 0) return;
    this.clock.setTimer(graceMs, () => {
      for (const [id, { sent }] of asked) this.#settle(id, { kind: sent ? 'lost' : 'unsent' });
    });
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

  #open(command: Command): void {
    this.#queued.push(command);
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
  #batch(items: readonly Command[]): ExchangeRequest {
    const commands = items.filter(({ correlationId }) => {
      const waiting = this.#waiting.get(correlationId);
      if (waiting !== undefined) waiting.sent = true;
      return waiting !== undefined;
    });
    return { commands };
  }

  #fail(): void {
    this.#writer?.close();
    this.#writer = undefined;
    this.#session = undefined;
    this.#queued = [];
    const failed = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { resolve, sent } of failed) resolve({ kind: sent ? 'lost' : 'unsent' });
  }

  #expire(id: number): void {
    const waiting = this.#waiting.get(id);
    if (waiting !== undefined) this.#settle(id, { kind: 'late', sent: waiting.sent });
  }

  #settle(id: number, outcome: Outcome): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    waiting.resolve(outcome);
  }
}
