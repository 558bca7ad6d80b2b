import type { Clock, Timer } from '@parkade/clock';
import { createInbox, type Msg, nanos } from 'nats';
import { BusError, type BusMessage, type Reading, type ReadFrom, type ReadMessage, type StreamSpec } from '../bus.js';
import { beginningOf, checkNext, type Place, positionOf } from '../position.js';
import { deliveryOf, idOf, versionOf } from './message.js';
import type { NatsSession } from './session.js';
import { readStream } from './streams.js';

/** A consumer that nobody asks is dropped by the server after this long, in milliseconds. */
const FORGET_MS = 90_000;
/** How much longer than its own time an answer of the server may take, in milliseconds. */
const MARGIN_MS = 2_000;

export interface PullReadingDeps {
  readonly clock: Clock;
  /** The session that is ready; throws `unavailable`. */
  readonly session: () => NatsSession;
  readonly suspectLoss: () => void;
}

/** A consumer of the server's, made for one reading on one session. */
interface Consumer {
  readonly session: NatsSession;
  readonly name: string;
  readonly stream: string;
  delivered: number;
}

/**
 * A place in a JetStream stream, read through unacknowledged pull consumers in the server's memory.
 *
 *   P1. What is given to the caller moves the place; a new consumer begins right after it, so nothing is skipped or given twice.
 *   P2. A consumer whose deliveries have a gap, whose session is over or that did not answer in time is replaced.
 *   P3. In a stream that is not the one the place belongs to the reading begins at the beginning.
 */
export class PullReading implements Reading {
  #from: Place | { readonly sinceMs: number };
  #consumer: Consumer | undefined;
  #end: (() => void) | undefined;
  #closed = false;

  /** Throws `invalid`. */
  constructor(
    private readonly spec: StreamSpec,
    private readonly pattern: string,
    from: ReadFrom,
    private readonly deps: PullReadingDeps,
  ) {
    this.#from = beginningOf(from);
  }

  async next(limit: number, waitMs: number): Promise<readonly ReadMessage[]> {
    checkNext(limit, waitMs);
    if (this.#closed) return [];
    const consumer = await this.#attached();
    const there = await this.#pull(consumer, limit, 0);
    if (there.length > 0 || waitMs === 0) return there;
    // One at a time while there is nothing: the server holds a request until it is filled.
    return await this.#pull(consumer, 1, waitMs);
  }

  close(): void {
    this.#closed = true;
    this.#end?.();
    this.#drop();
  }

  async #attached(): Promise<Consumer> {
    const session = this.deps.session();
    if (this.#consumer?.session === session) return this.#consumer;
    const state = await readStream(session, this.spec.name);
    if (state === undefined) {
      this.deps.suspectLoss();
      throw new BusError('unavailable', `stream ${this.spec.name} is missing`);
    }
    const stream = state.created;
    if (!('sinceMs' in this.#from) && this.#from.stream !== stream) this.#from = { sequence: 0, stream };
    const config = {
      filter_subject: this.pattern,
      ack_policy: 'none',
      replay_policy: 'instant',
      inactive_threshold: nanos(FORGET_MS),
      mem_storage: true,
      num_replicas: 1,
      ...startOf(this.#from),
    };
    const question = { stream_name: this.spec.name, config };
    const answer = await session.ask(`$JS.API.CONSUMER.CREATE.${this.spec.name}`, question);
    const { error, name } = answer.json<{ error?: { description: string }; name?: string }>();
    if (name === undefined) throw new BusError('unavailable', `JetStream: ${error?.description ?? 'no consumer'}`);
    this.#consumer = { session, name, stream, delivered: 0 };
    void session.ended.then(() => this.#end?.());
    return this.#consumer;
  }

  /** Asks for `limit` messages: those that are there, or (with a wait) the next one. */
  async #pull(consumer: Consumer, limit: number, waitMs: number): Promise<readonly ReadMessage[]> {
    if (this.#closed) return [];
    const { session, name, stream } = consumer;
    const found: ReadMessage[] = [];
    const outcome = await new Promise<'ended' | 'broken'>((resolve) => {
      const inbox = createInbox();
      const end = (how: 'ended' | 'broken'): void => {
        timer.cancel();
        this.#end = undefined;
        if (!session.over) subscription.unsubscribe();
        resolve(how);
      };
      const callback = (error: Error | null, message: Msg): void => {
        const delivery = error === null ? deliveryOf(message.reply) : undefined;
        if (delivery === undefined) return end(error === null && isEnd(message) ? 'ended' : 'broken');
        if (delivery.count !== consumer.delivered + 1) return end('broken');
        consumer.delivered += 1;
        found.push(readMessage(message, { stream, sequence: delivery.sequence }));
        if (found.length === limit || (waitMs === 0 && delivery.pending === 0)) end('ended');
      };
      const subscription = session.connection.subscribe(inbox, { callback });
      const timer: Timer = this.deps.clock.setTimer(waitMs + MARGIN_MS, () => end('broken'));
      this.#end = () => end('broken');
      const ask = waitMs === 0 ? { batch: limit, no_wait: true } : { batch: limit, expires: nanos(waitMs) };
      session.connection.publish(`$JS.API.CONSUMER.MSG.NEXT.${this.spec.name}.${name}`, JSON.stringify(ask), {
        reply: inbox,
      });
    });
    const last = found.at(-1);
    if (last !== undefined) this.#from = { stream, sequence: last.sequence };
    if (outcome === 'ended') return found;
    this.#drop();
    if (found.length > 0 || this.#isClosed()) return found;
    throw new BusError('unavailable', 'the bus did not answer');
  }

  #isClosed(): boolean {
    return this.#closed;
  }

  #drop(): void {
    const consumer = this.#consumer;
    this.#consumer = undefined;
    if (consumer === undefined || consumer.session.over) return;
    // Nobody waits for the answer: one that stays is forgotten by the server itself.
    const { session, name } = consumer;
    session.connection.publish(`$JS.API.CONSUMER.DELETE.${this.spec.name}.${name}`);
  }
}

function startOf(from: Place | { readonly sinceMs: number }): object {
  if (!('sinceMs' in from)) return { deliver_policy: 'by_start_sequence', opt_start_seq: from.sequence + 1 };
  if (from.sinceMs <= 0) return { deliver_policy: 'all' };
  return { deliver_policy: 'by_start_time', opt_start_time: new Date(from.sinceMs).toISOString() };
}

/** The server has nothing (404), or waited as long as it was asked to (408). */
function isEnd({ data, headers }: Msg): boolean {
  return data.length === 0 && (headers?.code === 404 || headers?.code === 408);
}

function readMessage({ subject, data, headers }: Msg, place: Place): ReadMessage {
  const message: BusMessage = {
    subject,
    payload: data,
    id: idOf(headers),
    version: versionOf(headers),
    sequence: place.sequence,
  };
  return { ...message, position: positionOf(place) };
}
