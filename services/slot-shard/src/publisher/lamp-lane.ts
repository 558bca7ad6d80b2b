import type { LampFacts } from '@parkade/presence';
import type { SlotRecord } from '@parkade/proto';

/** Told when what it stands for is published, or will never be; it is published even where its shard lags. */
export interface Ticket {
  done(): void;
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
  readonly lamp: QueuedLamp;
  readonly tickets: readonly Ticket[];
  /** The lowest revision whose lamp it tells; Infinity: none. */
  readonly lowest: number;
}

/**
 * What waits to be published of one slot's lamp.
 *
 *   L1. Of lamps only the latest waits. An id that a skipped lamp spoke of and the latest does not is put out on its own.
 *   L2. Where the last thing told of the slot is that it is dark, and it is dark again, there is nothing to tell.
 */
export class LampLane {
  state: 'idle' | 'ready' | 'sending' | 'waiting' = 'idle';
  /** Its shard is no longer ours, or lags: what is under way ends, nothing follows. */
  dead = false;
  /** Whether its queue counts it among what is pending. */
  counted = false;
  /** Monotonic ms: it leaves then, be there room for it or not; see `LampBudget`. */
  dueMs = 0;
  #cleared = new Map<string, QueuedClear>();
  #lamp: QueuedLamp | undefined;
  #tickets: Ticket[] = [];
  /** Of the changes that wait, and of those under way. */
  #lowest = Infinity;
  #lowestSent = Infinity;
  #toldDark = false;

  /** `settled` hears whenever something of it was told, or will never be. */
  constructor(
    readonly slotKey: string,
    readonly settled: (lane: LampLane) => void,
  ) {}

  /** Whether nothing waits; something may be under way. */
  get empty(): boolean {
    return this.#lamp === undefined;
  }

  /** The lowest revision whose lamp is not told; Infinity: there is none. */
  get lowest(): number {
    return Math.min(this.#lowest, this.#lowestSent);
  }

  /** Whether what waits tells nothing new (L2). */
  get silent(): boolean {
    return this.#toldDark && this.#lamp?.facts.state === 'terminated';
  }

  /**
   * Queues what a record says about lamps. `wasDark`: the change found the lamp dark, and it is told so; false: nobody knows what was
   * told last.
   */
  add(lamp: QueuedLamp, wasDark: boolean): void {
    if (this.state === 'idle' && this.empty) this.#toldDark = wasDark;
    this.#lowest = Math.min(this.#lowest, lamp.revision);
    this.#merge(lamp);
  }

  /** Queues a lamp that is to be told whatever was told; `ticket` is told when that, or something later, is. */
  addAgain(lamp: QueuedLamp, ticket: Ticket): void {
    this.#toldDark = false;
    this.#tickets.push(ticket);
    this.#merge(lamp);
  }

  /** What to send next; undefined: nothing. Once it was sent, either `told` or `giveBack` hears of it. */
  take(): LampBatch | undefined {
    if (this.#lamp === undefined) return undefined;
    const batch = { cleared: this.#cleared, lamp: this.#lamp, tickets: this.#tickets, lowest: this.#lowest };
    this.#toldDark = this.#lamp.facts.state === 'terminated';
    this.#lowestSent = this.#lowest;
    this.#lowest = Infinity;
    this.#cleared = new Map();
    this.#tickets = [];
    this.#lamp = undefined;
    return batch;
  }

  /** What was taken was told, or never will be. */
  told({ tickets }: LampBatch): void {
    this.#lowestSent = Infinity;
    for (const ticket of tickets) ticket.done();
    this.settled(this);
  }

  /** What is left of a batch; what was queued since then is later, and wins (L1). */
  giveBack(batch: LampBatch): void {
    this.#toldDark = false;
    this.#tickets.unshift(...batch.tickets);
    this.#lowestSent = Infinity;
    this.#lowest = Math.min(this.#lowest, batch.lowest);
    const later = this.#lamp;
    const laterCleared = this.#cleared;
    this.#cleared = batch.cleared;
    this.#lamp = batch.lamp;
    if (later !== undefined) this.#merge(later);
    for (const [presenceId, clear] of laterCleared) this.#cleared.set(presenceId, clear);
  }

  /** Ends the lane; with `lag`, those that have a ticket keep it alive. */
  drop(lag: boolean): void {
    this.#lowest = Infinity;
    if (!lag || this.#tickets.length === 0) {
      const tickets = this.#tickets;
      this.#tickets = [];
      this.#lamp = undefined;
      this.#cleared = new Map();
      this.dead = true;
      for (const ticket of tickets) ticket.done();
    }
    this.settled(this);
  }

  #merge(next: QueuedLamp): void {
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
    if (this.#cleared.size > 0) this.#cleared.delete(facts.presenceId);
    this.#lamp = next;
  }
}
