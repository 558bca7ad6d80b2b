import type { EventQueue, QueuedEvent } from './event-queue.js';
import type { Pacing } from './pacing.js';
import type { EventBatch, Sender } from './sender.js';

/** Events in one message. */
export const MAX_BATCH_EVENTS = 1_024;
/** Characters of one message, give or take a chunk: in UTF-8 they stay well below what a message may hold. */
const MAX_BATCH_CHARS = 200_000;
/** So many events of a shard are taken at a time. */
const CHUNK = 16;

/**
 * Sends the events that wait, many in one message.
 *
 *   E1. One batch is under way at a time and is sent again, as it was, until it is stored: nothing overtakes it, so the events of a
 *       slot are stored in the order of their revisions.
 *   E2. What the bus refuses as wrong is sent again event by event, and what is refused then is dropped: it would hold up all others.
 *   E3. Shards with events that wait take turns, some events each.
 */
export class EventsOut {
  #queues: EventQueue[] = [];
  #batch: EventBatch | undefined;
  /** To be sent one by one (E2). */
  #suspects: QueuedEvent[] = [];
  #count = 0;
  #state: 'idle' | 'sending' | 'waiting' | 'closed' = 'idle';

  constructor(
    private readonly instance: string,
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

  /** Sends the next batch, unless one is under way. */
  pump(): void {
    while (this.#state === 'idle' && this.pacing.open) {
      this.#batch ??= this.#next();
      if (this.#batch === undefined) return;
      if (this.#batch.lines.length === 0) this.#gone(this.#batch);
      else this.#send(this.#batch);
    }
  }

  /** What failed is tried again. */
  retry(): void {
    if (this.#state === 'waiting') this.#state = 'idle';
    this.pump();
  }

  close(): void {
    this.#state = 'closed';
    const left = [...(this.#batch?.events ?? []), ...this.#suspects.splice(0)];
    this.#batch = undefined;
    for (const { ticket } of left) ticket.done();
  }

  #next(): EventBatch | undefined {
    const id = `events/${this.instance}/${++this.#count}`;
    const suspect = this.#suspects.shift();
    if (suspect !== undefined) return this.sender.batch(id, [suspect]);
    const batch = this.sender.batch(id, []);
    let chars = 0;
    for (let queue = this.#queues.shift(); queue !== undefined; queue = this.#queues.shift()) {
      for (const event of queue.take(CHUNK)) chars += this.sender.write(batch, event);
      queue.listed = false;
      this.queueReady(queue);
      if (batch.events.length + CHUNK > MAX_BATCH_EVENTS || chars >= MAX_BATCH_CHARS) break;
    }
    return batch.events.length === 0 ? undefined : batch;
  }

  #send(batch: EventBatch): void {
    this.#state = 'sending';
    this.pacing.inFlight++;
    void this.sender.events(batch).then((sent) => {
      this.pacing.inFlight--;
      if (this.#state === 'closed') return;
      this.#state = 'idle';
      if (sent === 'again') {
        this.#state = 'waiting';
        this.pacing.failed();
      } else {
        this.pacing.succeeded();
        if (sent === 'refused' && batch.events.length > 1) this.#suspect(batch);
        else this.#gone(batch);
      }
      this.onEnded();
      this.pump();
    });
  }

  #suspect(batch: EventBatch): void {
    this.#batch = undefined;
    this.#suspects = [...batch.events];
  }

  #gone(batch: EventBatch): void {
    this.#batch = undefined;
    for (const { ticket } of batch.events) ticket.done();
  }
}
