import type { LampFacts } from '@parkade/presence';
import type { SlotRecord } from '@parkade/proto';

/** Told when what it stands for is published, or will never be. */
export interface Ticket {
  done(): void;
  /** Whether it must be published even where its shard lags. */
  readonly survivesLag: boolean;
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
 * What waits to be published of one slot's lamp.
 *
 *   L1. Of lamps only the latest waits. An id that a skipped lamp spoke of and the latest does not is put out on its own.
 *   L2. Where the last thing told of the slot is that it is dark, and it is dark again, there is nothing to tell.
 */
export class LampLane {
  state: 'idle' | 'ready' | 'sending' | 'waiting' = 'idle';
  /** Its shard is no longer ours, or lags: what is under way ends, nothing follows. */
  dead = false;
  /** Monotonic ms: it leaves then, be there room for it or not; see `LampBudget`. */
  dueMs = 0;
  #cleared = new Map<string, QueuedClear>();
  #lamp: QueuedLamp | undefined;
  #tickets: Ticket[] = [];
  #toldDark = false;

  constructor(
    readonly shard: number,
    readonly slotKey: string,
  ) {}

  get empty(): boolean {
    return this.#tickets.length === 0;
  }

  /** Whether what waits tells nothing new (L2). */
  get silent(): boolean {
    return this.#toldDark && this.#lamp?.facts.state === 'terminated';
  }

  /**
   * Queues what a record says about lamps; `ticket` is told when that, or something later, is published. `wasDark`: the change
   * found the lamp dark, and it is told so; false: nobody knows what was told last.
   */
  add(lamp: QueuedLamp, ticket: Ticket, wasDark: boolean): void {
    if (this.state === 'idle' && this.empty) this.#toldDark = wasDark;
    this.#tickets.push(ticket);
    this.#merge(lamp);
  }

  /** Whatever was told, it is told again. */
  forgetTold(): void {
    this.#toldDark = false;
  }

  /** What to send next; undefined: nothing. What failed is given back. */
  take(): LampBatch | undefined {
    if (this.empty) return undefined;
    const batch = { cleared: this.#cleared, lamp: this.#lamp, tickets: this.#tickets };
    this.#toldDark = batch.lamp?.facts.state === 'terminated';
    this.#cleared = new Map();
    this.#lamp = undefined;
    this.#tickets = [];
    return batch;
  }

  /** What is left of a batch; what was queued since then is later, and wins (L1). */
  giveBack(batch: LampBatch): void {
    this.#toldDark = false;
    this.#tickets.unshift(...batch.tickets);
    const later = this.#lamp;
    const laterCleared = this.#cleared;
    this.#cleared = batch.cleared;
    this.#lamp = batch.lamp;
    if (later !== undefined) this.#merge(later);
    for (const [presenceId, clear] of laterCleared) this.#cleared.set(presenceId, clear);
  }

  /** Ends the lane. Tickets are told, as nothing will follow; with `lag`, those that survive it keep the lane alive. */
  drop(lag: boolean): void {
    const stays = (ticket: Ticket): boolean => lag && ticket.survivesLag;
    const dropped = this.#tickets.filter((ticket) => !stays(ticket));
    this.#tickets = this.#tickets.filter(stays);
    if (this.empty) {
      this.#lamp = undefined;
      this.#cleared.clear();
      this.dead = true;
    }
    for (const ticket of dropped) ticket.done();
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
    this.#cleared.delete(facts.presenceId);
    this.#lamp = next;
  }
}
