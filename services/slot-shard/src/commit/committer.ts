import type { Clock, Timer } from '@parkade/clock';
import { JournalEntry } from '@parkade/proto';
import type { Span, Tracer } from '@parkade/rpc';
import { encodeRecord } from '@parkade/slots';
import { type Compare, MAX_TXN_BYTES, MAX_TXN_OPS, type Op, type Store } from '@parkade/store';
import { FULL_OPERATIONS, Pace } from './pace.js';
import type { RevisionFloor } from './revision-floor.js';
import type { Write, WriteSource } from './write.js';

/** Of a journal value: its key and framing, and those of each answer. */
const JOURNAL_BYTES = 256;
const ANSWER_BYTES = 128;

/** A write as it will be sent. */
interface Encoded {
  readonly write: Write;
  readonly puts: readonly Op[];
  readonly bytes: number;
}

interface Batch {
  readonly source: WriteSource;
  readonly writes: readonly Write[];
  readonly puts: readonly Op[];
  readonly journalKey: string;
  readonly journal: JournalEntry;
  readonly journalBytes: Uint8Array | undefined;
}

/**
 * Group commit: everything that waits goes into one transaction, fenced by the epoch of every shard it touches.
 *
 *   C1. A write is acknowledged only after its transaction succeeded, and then always.
 *   C2. A transaction compares the epoch of each shard it writes; none writes for a shard under an epoch that is not its own.
 *   C3. Records and the answers to the requests that caused them are written together.
 *   C4. A failed or unknown transaction is never sent again: its shards decide what becomes of their writes.
 *   C5. A transaction is never larger than the store takes, in operations and in bytes.
 *   C6. A transaction leaves when its time has come (`Pace`): alone at once, under load when it is full; at most `maxTransactions`
 *       are under way.
 */
export class Committer {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #maxTransactions: number;
  readonly #floor: RevisionFloor;
  readonly #observe: (operations: number, tookMs: number) => void;
  readonly #tracer: Tracer | undefined;
  /** Shards with writes that wait, the longest waiting first. */
  readonly #queues = new Map<WriteSource, Encoded[]>();
  readonly #pace = new Pace();
  #queued = 0;
  #queuedBytes = 0;
  /** Since when something waits, monotonic ms. */
  #sinceMs = 0;
  #underWay = 0;
  #scheduled = false;
  #timer: { readonly atMs: number; readonly timer: Timer } | undefined;

  constructor(
    store: Store,
    clock: Clock,
    floor: RevisionFloor,
    limits: { readonly transactionTimeoutMs: number; readonly maxTransactions: number },
    observe: (operations: number, tookMs: number) => void = () => undefined,
    tracer?: Tracer,
  ) {
    this.#tracer = tracer;
    this.#store = store;
    this.#clock = clock;
    this.#timeoutMs = limits.transactionTimeoutMs;
    this.#maxTransactions = limits.maxTransactions;
    this.#floor = floor;
    this.#observe = observe;
  }

  /** Transactions under way. */
  get underWay(): number {
    return this.#underWay;
  }

  /** Puts a write in the next transaction; its source hears what became of it. Throws, and does nothing, where it cannot be written out. */
  enqueue(write: Write): void {
    const encoded = encode(write);
    const queue = this.#queues.get(write.source);
    if (queue === undefined) this.#queues.set(write.source, [encoded]);
    else queue.push(encoded);
    this.#queuedBytes += encoded.bytes;
    if (this.#queued++ === 0) this.#sinceMs = this.#clock.monotonicMs();
    this.#schedule();
  }

  /** Takes back what was not sent yet. */
  withdraw(source: WriteSource): Write[] {
    const queue = this.#queues.get(source) ?? [];
    this.#queues.delete(source);
    this.#dequeued(queue);
    return queue.map(({ write }) => write);
  }

  #dequeued(encoded: readonly Encoded[]): void {
    this.#queued -= encoded.length;
    for (const { bytes } of encoded) this.#queuedBytes -= bytes;
  }

  #schedule(): void {
    if (this.#scheduled || this.#queued === 0 || this.#underWay >= this.#maxTransactions) return;
    const leftMs = this.#leftMs();
    if (leftMs > 0) {
      this.#lookIn(leftMs);
      return;
    }
    this.#scheduled = true;
    this.#clock.defer(() => {
      this.#scheduled = false;
      this.#pump();
    });
  }

  #pump(): void {
    while (this.#queued > 0 && this.#underWay < this.#maxTransactions && this.#leftMs() <= 0) this.#send(this.#take());
    this.#schedule();
  }

  #leftMs(): number {
    // With a journal value for each shard.
    const full = this.#queued + this.#queues.size >= FULL_OPERATIONS || this.#queuedBytes >= MAX_TXN_BYTES / 2;
    const waiting = { writes: this.#queued, full, sinceMs: this.#sinceMs, underWay: this.#underWay };
    return this.#pace.leftMs(this.#clock.monotonicMs(), waiting);
  }

  #lookIn(leftMs: number): void {
    const atMs = this.#clock.monotonicMs() + leftMs;
    if (this.#timer !== undefined) {
      if (this.#timer.atMs <= atMs) return;
      this.#timer.timer.cancel();
    }
    const timer = this.#clock.setTimer(leftMs, () => {
      this.#timer = undefined;
      this.#pump();
    });
    this.#timer = { atMs, timer };
  }

  /** As many writes as fit, shard by shard: one journal value serves all writes of a shard. */
  #take(): Batch[] {
    const batches: Batch[] = [];
    let room = MAX_TXN_OPS;
    let bytesLeft = MAX_TXN_BYTES;
    for (const [source, queue] of this.#queues) {
      let count = 0;
      let used = 1;
      let usedBytes = JOURNAL_BYTES;
      for (const { puts, bytes } of queue) {
        // The first goes in any case: alone it is as small as it can be.
        const first = batches.length === 0 && count === 0;
        if (!first && (used + puts.length > room || usedBytes + bytes > bytesLeft)) break;
        used += puts.length;
        usedBytes += bytes;
        count++;
      }
      if (count === 0) break;
      room -= used;
      bytesLeft -= usedBytes;
      const writes = queue.splice(0, count);
      this.#dequeued(writes);
      // What is left goes behind the others, so that a busy shard does not keep them waiting.
      this.#queues.delete(source);
      if (queue.length > 0) this.#queues.set(source, queue);
      batches.push(this.#batch(source, writes));
      if (queue.length > 0) break;
    }
    this.#sinceMs = this.#clock.monotonicMs();
    return batches;
  }

  #batch(source: WriteSource, encoded: readonly Encoded[]): Batch {
    const writes = encoded.map(({ write }) => write);
    const puts = encoded.flatMap((each) => each.puts);
    const answers = writes.flatMap((write) => (write.journal === undefined ? [] : [write.journal]));
    const journal: JournalEntry = { answers, atMs: this.#clock.nowMs() };
    const journalBytes = answers.length === 0 ? undefined : JournalEntry.encode(journal).finish();
    return { source, writes, puts, journal, journalBytes, journalKey: source.nextJournalKey() };
  }

  #send(batches: readonly Batch[]): void {
    const compare: Compare[] = [];
    const success: Op[] = [];
    for (const { source, puts, journalKey, journalBytes } of batches) {
      compare.push({ kind: 'mod', key: source.ownerKey, revision: source.epoch });
      success.push(...puts);
      if (journalBytes !== undefined) success.push({ kind: 'put', key: journalKey, value: journalBytes });
    }
    const failure = batches.map(({ source }): Op => ({
      kind: 'get',
      range: { start: source.ownerKey },
      keysOnly: true,
    }));
    this.#underWay++;
    const end = this.#floor.begin();
    const sentMs = this.#clock.monotonicMs();
    this.#pace.sent(sentMs, writesOf(batches));
    const spans = this.#tracer === undefined ? [] : this.#spans(this.#tracer, batches);
    this.#store.txn({ compare, success, failure }, { timeoutMs: this.#timeoutMs }).then(
      ({ succeeded, revision, results }) => {
        this.#floor.see(revision);
        this.#observe(success.length, this.#clock.monotonicMs() - sentMs);
        for (const span of spans)
          span.end({ 'parkade.revision': revision, 'parkade.operations': success.length }, !succeeded);
        this.#finish(batches, end, (batch, i) => {
          if (succeeded) batch.source.committed(batch.writes, revision, batch);
          else if (results[i]?.[0]?.modRevision === batch.source.epoch) batch.source.unapplied(batch.writes);
          else batch.source.fenced(batch.writes);
        });
      },
      (error: unknown) => {
        for (const span of spans) span.end({}, true);
        this.#finish(batches, end, (batch) => batch.source.unknown(batch.writes, error));
      },
    );
  }

  /** A transaction is a part of each request in it that is traced. */
  #spans(tracer: Tracer, batches: readonly Batch[]): readonly Span[] {
    const traces = batches.flatMap(({ writes }) => writes.map(({ pending }) => pending?.command.trace ?? ''));
    return traces.filter((trace) => trace !== '').map((trace) => tracer.span('etcd transaction', 'client', trace));
  }

  #finish(batches: readonly Batch[], end: () => void, settle: (batch: Batch, index: number) => void): void {
    this.#underWay--;
    const writes = writesOf(batches);
    this.#pace.answered(this.#clock.monotonicMs(), writes, this.#queued);
    batches.forEach((batch, i) => settle(batch, i));
    end();
    this.#schedule();
  }
}

function writesOf(batches: readonly Batch[]): number {
  return batches.reduce((sum, { writes }) => sum + writes.length, 0);
}

function encode(write: Write): Encoded {
  const puts: Op[] = [];
  let bytes = write.journal === undefined ? 0 : write.journal.answer.length + ANSWER_BYTES;
  for (const { entry, record } of write.changes) {
    const value = encodeRecord(record);
    puts.push({ kind: 'put', key: entry.key, value });
    bytes += entry.key.length + value.length;
  }
  return { write, puts, bytes };
}
