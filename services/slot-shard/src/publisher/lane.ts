import type { LampFacts } from '@parkade/presence';
import type { SlotRecord } from '@parkade/proto';

/** Told when what it stands for is published, or will never be. */
export interface Ticket {
  done(): void;
  /** Whether it must be published even where its shard lags. */
  readonly survivesLag: boolean;
}

/** A transition whose event is to be published. */
export interface QueuedEvent {
  readonly record: SlotRecord;
  readonly revision: number;
  readonly ticket: Ticket;
  /** The traceparent of the request that caused it. */
  readonly trace?: string | undefined;
}

/** The lamp a slot should show, and the record that says so. */
export interface QueuedLamp {
  readonly record: SlotRecord;
  readonly revision: number;
  readonly facts: LampFacts;
}

/** A lamp to be put out. */
export interface QueuedClear {
  readonly record: SlotRecord;
  readonly revision: number;
}

/** What is sent about lamps in one go: the cleared ones, then the slot's. */
export interface LampBatch {
  readonly cleared: Map<string, QueuedClear>;
  lamp: QueuedLamp | undefined;
  readonly tickets: Ticket[];
}

/**
 * What waits to be published of one slot.
 *
 *   L1. Events leave one at a time, in the order of their revisions, each only after the one before was stored.
 *   L2. Of lamps only the latest waits. An id that a skipped lamp spoke of and the latest does not is put out on its own.
 *   L3. Events and lamps take turns, so that neither holds up the other.
 */
export class Lane {
  state: 'idle' | 'ready' | 'sending' | 'waiting' = 'idle';
  /** Its shard is no longer ours, or lags: what is under way ends, nothing follows. */
  dead = false;
  readonly #events: QueuedEvent[] = [];
  #cleared = new Map<string, QueuedClear>();
  #lamp: QueuedLamp | undefined;
  #tickets: Ticket[] = [];
  #lampsNext = false;

  constructor(
    readonly shard: number,
    readonly slotKey: string,
  ) {}

  get empty(): boolean {
    return this.#events.length === 0 && this.#tickets.length === 0;
  }

  /** Queues a transition's event; its ticket is told when it is published. */
  addEvent(event: QueuedEvent): void {
    let at = this.#events.length;
    while (at > 0 && (this.#events[at - 1]?.revision ?? 0) > event.revision) at--;
    this.#events.splice(at, 0, event);
  }

  /** Queues what a record says about lamps; `ticket` is told when that, or something later, is published. */
  addLamp(record: SlotRecord, revision: number, facts: LampFacts, ticket: Ticket): void {
    this.#tickets.push(ticket);
    this.#mergeLamp({ record, revision, facts });
  }

  /** What to send next; undefined: nothing. What failed is given back. */
  take(): { readonly event: QueuedEvent } | { readonly lamps: LampBatch } | undefined {
    const hasLamps = this.#tickets.length > 0;
    if (hasLamps && (this.#lampsNext || this.#events.length === 0)) {
      this.#lampsNext = false;
      const lamps = { cleared: this.#cleared, lamp: this.#lamp, tickets: this.#tickets };
      this.#cleared = new Map();
      this.#lamp = undefined;
      this.#tickets = [];
      return { lamps };
    }
    this.#lampsNext = true;
    const event = this.#events.shift();
    return event === undefined ? undefined : { event };
  }

  giveBackEvent(event: QueuedEvent): void {
    this.#events.unshift(event);
  }

  /** What is left of a batch; what was queued since then is later, and wins (L2). */
  giveBackLamps(batch: LampBatch): void {
    this.#tickets.unshift(...batch.tickets);
    const later = this.#lamp;
    const laterCleared = this.#cleared;
    this.#cleared = batch.cleared;
    this.#lamp = batch.lamp;
    if (later !== undefined) this.#mergeLamp(later);
    for (const [presenceId, clear] of laterCleared) this.#cleared.set(presenceId, clear);
  }

  /** Ends the lane. Tickets are told, as nothing will follow; with `lag`, those that survive it keep the lane alive. */
  drop(lag: boolean): void {
    const stays = (ticket: Ticket): boolean => lag && ticket.survivesLag;
    const keep = this.#tickets.filter(stays);
    const dropped = [...this.#events.map(({ ticket }) => ticket), ...this.#tickets.filter((ticket) => !stays(ticket))];
    this.#events.length = 0;
    this.#tickets = keep;
    if (keep.length === 0) {
      this.#lamp = undefined;
      this.#cleared.clear();
      this.dead = true;
    }
    for (const ticket of dropped) ticket.done();
  }

  #mergeLamp(next: QueuedLamp): void {
    const { record, revision, facts } = next;
    const before = this.#lamp;
    if (before !== undefined && before.revision > revision) {
      if (before.facts.presenceId !== facts.presenceId) this.#cleared.set(facts.presenceId, before);
      return;
    }
    if (before !== undefined && before.facts.presenceId !== facts.presenceId) {
      this.#cleared.set(before.facts.presenceId, { record, revision });
    }
    if (facts.cleared !== undefined) this.#cleared.set(facts.cleared, { record, revision });
    this.#cleared.delete(facts.presenceId);
    this.#lamp = next;
  }
}
