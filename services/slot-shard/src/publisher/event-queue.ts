import type { SlotRecord } from '@parkade/proto';
import type { Ticket } from './lamp-lane.js';

/** A transition whose event is to be published. */
export interface QueuedEvent {
  readonly slotKey: string;
  readonly record: SlotRecord;
  readonly revision: number;
  readonly ticket: Ticket;
  /** The traceparent of the request that caused it. */
  readonly trace?: string | undefined;
}

/** Events of one shard that wait, in the order of their revisions. */
export class EventQueue {
  #events: QueuedEvent[] = [];
  /** Whether it is among those that `EventsOut` looks at. */
  listed = false;

  get empty(): boolean {
    return this.#events.length === 0;
  }

  /** Answers of commits may come out of order. */
  add(event: QueuedEvent): void {
    const { length } = this.#events;
    let at = length;
    while (at > 0 && (this.#events[at - 1]?.revision ?? 0) > event.revision) at--;
    if (at === length) this.#events.push(event);
    else this.#events.splice(at, 0, event);
  }

  /** The first `limit`, or all where there are not as many. */
  take(limit: number): readonly QueuedEvent[] {
    if (this.#events.length > limit) return this.#events.splice(0, limit);
    const all = this.#events;
    this.#events = [];
    return all;
  }

  /** Nothing that waits will be sent. */
  drop(): void {
    for (const { ticket } of this.take(Infinity)) ticket.done();
  }
}
