import type { Clock, Timer } from '@parkade/clock';
import { StoreError } from '../store.js';

/** Records to write, by record key as Latin-1; undefined deletes. */
export type Batch = Map<string, Buffer | undefined>;

/** Writes a batch atomically and resolves when it is on disk. */
export type WriteBatch = (batch: Batch) => Promise<void>;

/** The most bytes that may wait for the disk; past it calls are refused until it has caught up. */
export const MAX_WAITING_BYTES = 128 * 1024 * 1024;

/** How long closing waits for the disk. */
const MAX_DRAIN_MS = 30_000;

interface Waiter {
  readonly wrote: boolean;
  readonly deadlineMs: number;
  readonly resolve: () => void;
  readonly reject: (error: StoreError) => void;
}

/**
 * Gathers records while the disk is busy and writes them together.
 *
 *   G1. Batches are written one at a time, in order; all records of one turn are in one batch.
 *   G2. A waiter resolves when every record added before it waited is on disk.
 *   G3. After a failed write nothing is written again: the disk keeps a prefix of the history.
 */
export class GroupCommit {
  #open: Batch = new Map();
  #waiters: Waiter[] = [];
  #bytes = 0;
  #writing = false;
  #failure: StoreError | undefined;
  /** Those whose records are being written now. */
  #writingFor: readonly Waiter[] = [];
  #timer: Timer | undefined;
  #timerDueMs = Infinity;

  constructor(
    private readonly clock: Clock,
    private readonly write: WriteBatch,
    /** Called before a batch is written, to add to it; what it returns is called when the batch is on disk. */
    private readonly seal: (batch: Batch) => () => void,
  ) {}

  get settled(): boolean {
    return !this.#writing && this.#open.size === 0 && this.#failure === undefined;
  }

  get refusal(): StoreError | undefined {
    if (this.#failure !== undefined) return this.#failure;
    return this.#bytes > MAX_WAITING_BYTES ? new StoreError('unavailable', 'too much waits for the disk') : undefined;
  }

  add(recordKey: Buffer, record: Buffer | undefined): void {
    if (this.#open.size === 0 && !this.#writing) this.clock.defer(() => void this.#run());
    this.#bytes += recordKey.length + (record?.length ?? 0);
    this.#open.set(recordKey.toString('latin1'), record);
  }

  settle(timeoutMs: number, wrote: boolean): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.settled) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const deadlineMs = this.clock.monotonicMs() + timeoutMs;
      this.#waiters.push({ wrote, deadlineMs, resolve, reject });
      if (deadlineMs < this.#timerDueMs) this.#arm(deadlineMs);
    });
  }

  /** Resolves when nothing is left to write, after a failure, or when the disk takes too long. */
  async drain(): Promise<void> {
    await this.settle(MAX_DRAIN_MS, false).catch(() => undefined);
    this.#timer?.cancel();
  }

  async #run(): Promise<void> {
    if (this.#writing) return;
    this.#writing = true;
    while (this.#open.size > 0) {
      if (!(await this.#writeOpen())) return; // G3: stays `writing`, so nothing is written again
    }
    this.#writing = false;
    // Waiters that came while nothing was left to write.
    for (const waiter of this.#waiters.splice(0)) waiter.resolve();
  }

  /** Writes what has gathered; returns whether that worked. */
  async #writeOpen(): Promise<boolean> {
    const batch = this.#open;
    const bytes = this.#bytes;
    this.#writingFor = this.#waiters;
    this.#open = new Map();
    this.#waiters = [];
    const sealed = this.seal(batch);
    try {
      await this.write(batch);
    } catch (error: unknown) {
      this.#fail(error);
      return false;
    }
    this.#bytes -= bytes;
    sealed();
    for (const waiter of this.#writingFor) waiter.resolve();
    this.#writingFor = [];
    return true;
  }

  #fail(cause: unknown): void {
    this.#failure = new StoreError('unavailable', 'the disk failed; the store has stopped', false, { cause });
    for (const waiter of [...this.#writingFor, ...this.#waiters.splice(0)]) {
      waiter.reject(new StoreError('unavailable', 'the disk failed', waiter.wrote, { cause }));
    }
  }

  /** Gives up for the waiters whose time is over; what they wrote may still reach the disk. */
  #expire(): void {
    this.#timerDueMs = Infinity;
    const nowMs = this.clock.monotonicMs();
    let nextMs = Infinity;
    for (const waiter of [...this.#writingFor, ...this.#waiters]) {
      if (waiter.deadlineMs <= nowMs) waiter.reject(new StoreError('unavailable', 'the disk is slow', waiter.wrote));
      else nextMs = Math.min(nextMs, waiter.deadlineMs);
    }
    if (nextMs < Infinity) this.#arm(nextMs);
  }

  #arm(dueMs: number): void {
    this.#timer?.cancel();
    this.#timerDueMs = dueMs;
    this.#timer = this.clock.setTimer(dueMs - this.clock.monotonicMs(), () => this.#expire());
  }
}
