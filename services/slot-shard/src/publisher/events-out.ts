import type { Clock, Timer } from '@parkade/clock';
import type { EventQueue, QueuedEvent } from './event-queue.js';
import type { Pacing } from './pacing.js';
import type { EventBatch, Sender } from './sender.js';

/** Events in one message. */
export const MAX_BATCH_EVENTS = 1_024;
/** Of one message, give or take a chunk: well below what it may hold. */
const MAX_BATCH_BYTES = 400_000;
/** So many events of a shard are taken at a time. */
const CHUNK = 16;
/**
 * From one message to the next at least, unless somebody waits for all to be published. A message costs 30 µs of CPU at owner and
 * server, whatever is in it: at 20,000 commands a second so 100 events share it, instead of those of a millisecond.
 */
const GATHER_MS = 5;

/** Events of a shard in a message. */
interface Part {
  readonly queue: EventQueue;
  readonly events: readonly QueuedEvent[];
}

/** A message, and what is in it. */
interface Message {
  readonly batch: EventBatch;
  readonly parts: readonly Part[];
  /** An attempt to send it was given up: its bytes may be on their way still. */
  givenUp: boolean;
}

/**
 * Sends the events that wait, many in one message.
 *
 *   E1. One batch is under way at a time and is sent again, as it was, until it is stored: nothing overtakes it, so the events of a
 *       slot are stored in the order of their revisions.
 *   E2. What the bus refuses as wrong is sent again event by event, and what is refused then is dropped: it would hold up all others.
 *   E3. Shards with events that wait take turns, some events each.
 *   E4. Where the last message left a while ago the next one leaves at once.
 */
export class EventsOut {
  #queues: EventQueue[] = [];
  #message: Message | undefined;
  /** To be sent one by one (E2). */
  #suspects: Part[] = [];
  #count = 0;
  #sentMs = -Infinity;
  #timer: Timer | undefined;
  #hurry = false;
  #state: 'idle' | 'sending' | 'waiting' | 'closed' = 'idle';

  constructor(
    private readonly instance: string,
    private readonly clock: Clock,
    private readonly sender: Sender,
    private readonly pacing: Pacing,
    private readonly onEnded: () => void,
  ) {}

  /** A shard has events that wait. */
  queueReady(queue: EventQueue): void {
    if (queue.listed || queue.empty) return;
    queue.listed = true;
    this.#queues.push(queue);
  }

  /** Nothing is gathered while somebody waits for all to be published. */
  set hurry(hurry: boolean) {
    this.#hurry = hurry;
    if (hurry) this.pump();
  }

  /** Sends the next batch, unless one is under way or left just now. */
  pump(): void {
    while (this.#state === 'idle' && this.pacing.open) {
      if (this.#message === undefined && this.#gathers()) return;
      this.#message ??= this.#next();
      if (this.#message === undefined) return;
      if (this.#message.batch.lines.empty) this.#gone(this.#message);
      else this.#send(this.#message);
    }
  }

  /** What failed is tried again. */
  retry(): void {
    if (this.#state === 'waiting') this.#state = 'idle';
    this.pump();
  }

  close(): void {
    this.#state = 'closed';
    this.#timer?.cancel();
    this.#message = undefined;
    this.#suspects = [];
  }

  /** Whether the next message waits for more; then it is looked at again in time. */
  #gathers(): boolean {
    if (this.#hurry || this.#queues.length === 0 || this.#suspects.length > 0) return false;
    const leftMs = this.#sentMs + GATHER_MS - this.clock.monotonicMs();
    if (leftMs <= 0) return false;
    this.#timer ??= this.clock.setTimer(leftMs, () => {
      this.#timer = undefined;
      this.pump();
    });
    return true;
  }

  #next(): Message | undefined {
    const id = `events/${this.instance}/${++this.#count}`;
    const suspect = this.#suspects.shift();
    if (suspect !== undefined)
      return { batch: this.sender.batch(id, suspect.events), parts: [suspect], givenUp: false };
    const batch = this.sender.batch(id, []);
    const parts: Part[] = [];
    let bytes = 0;
    for (let queue = this.#queues.shift(); queue !== undefined; queue = this.#queues.shift()) {
      const events = queue.take(CHUNK);
      parts.push({ queue, events });
      for (const event of events) bytes += this.sender.write(batch, event);
      queue.listed = false;
      this.queueReady(queue);
      if (batch.events.length + CHUNK > MAX_BATCH_EVENTS || bytes >= MAX_BATCH_BYTES) break;
    }
    return batch.events.length === 0 ? undefined : { batch, parts, givenUp: false };
  }

  #send(message: Message): void {
    this.#state = 'sending';
    this.#sentMs = this.clock.monotonicMs();
    this.pacing.inFlight++;
    void this.sender.events(message.batch).then((sent) => {
      this.pacing.inFlight--;
      if (this.#state === 'closed') return;
      this.#state = 'idle';
      if (sent === 'again') {
        this.#state = 'waiting';
        message.givenUp = true;
        this.pacing.failed();
      } else {
        this.pacing.succeeded();
        if (sent === 'refused' && message.batch.events.length > 1) this.#suspect(message);
        else this.#gone(message);
      }
      this.onEnded();
      this.pump();
    });
  }

  #suspect({ parts }: Message): void {
    this.#message = undefined;
    this.#suspects = parts.flatMap(({ queue, events }) => events.map((event) => ({ queue, events: [event] })));
  }

  #gone({ batch, parts, givenUp }: Message): void {
    this.#message = undefined;
    if (!givenUp) batch.lines.release();
    for (const { queue, events } of parts) queue.stored(events.length);
  }
}
