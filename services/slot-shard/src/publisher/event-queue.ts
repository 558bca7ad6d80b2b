import type { SlotRecord } from '@parkade/proto';

/** A transition whose event is to be published. */
export interface QueuedEvent {
  readonly slotKey: string;
  readonly record: SlotRecord;
  readonly revision: number;
  /** The traceparent of the request that caused it. */
  readonly trace?: string | undefined;
}

/**
 * Events of one shard that are not stored yet, in the order of their revisions: those of the message under way, and those that wait.
 * What it knows of itself is all that the shard's mark needs; a ticket for each event took 1 µs.
 */
export class EventQueue {
  #waiting: QueuedEvent[] = [];
  #underWay: QueuedEvent[] = [];
  #forgotten = false;
  /** Whether it is among those that `EventsOut` looks at. */
  listed = false;

  /** `settled` hears how many more are stored, or never will be. */
  constructor(private readonly settled: (count: number) => void) {}

  /** Whether nothing waits. */
  get empty(): boolean {
    return this.#waiting.length === 0;
  }

  /** The lowest revision that is not stored; undefined: there is none. */
  get lowest(): number | undefined {
    const [sent, next] = [this.#underWay[0]?.revision, this.#waiting[0]?.revision];
    if (sent === undefined || next === undefined) return sent ?? next;
    return Math.min(sent, next);
  }

  /** Answers of commits may come out of order. */
  add(event: QueuedEvent): void {
    const { length } = this.#waiting;
    let at = length;
    while (at > 0 && (this.#waiting[at - 1]?.revision ?? 0) > event.revision) at--;
    if (at === length) this.#waiting.push(event);
    else this.#waiting.splice(at, 0, event);
  }

  /** The first `limit` that wait, or all where there are not as many; they are told to `stored` in the same order. */
  take(limit: number): readonly QueuedEvent[] {
    let taken = this.#waiting;
    if (taken.length > limit) taken = taken.splice(0, limit);
    else this.#waiting = [];
    this.#underWay.push(...taken);
    return taken;
  }

  /** The first `count` of those that were taken are stored, or never will be. */
  stored(count: number): void {
    if (this.#forgotten) return;
    this.#underWay.splice(0, count);
    this.settled(count);
  }

  /** Nothing that waits will be sent. */
  drop(): void {
    const count = this.#waiting.length;
    this.#waiting = [];
    this.settled(count);
  }

  /** Nothing that waits will be sent, and nobody asks any more what becomes of what is under way. */
  forget(): void {
    this.drop();
    this.settled(this.#underWay.length);
    this.#underWay = [];
    this.#forgotten = true;
  }
}
