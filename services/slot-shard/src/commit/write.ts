import type { CommandAnswer, JournalEntry, JournaledAnswer, SlotRecord } from '@parkade/proto';
import type { Pending } from '../shard/pending.js';
import type { SlotEntry } from '../shard/slot-table.js';

/** A slot's next record, decided but not yet durable. */
export interface Change {
  readonly entry: SlotEntry;
  readonly record: SlotRecord;
}

/** What one command changes: all of it or nothing. */
export interface Write {
  readonly source: WriteSource;
  /** One transition a slot; none for a request whose answer alone is to be remembered. */
  readonly changes: readonly Change[];
  /** Who waits for it; undefined: time caused it. */
  readonly pending: Pending | undefined;
  /** The answer, its revision to be filled in. */
  readonly answer: CommandAnswer | undefined;
  /** What is remembered of it. */
  readonly journal: JournaledAnswer | undefined;
}

/** The journal value that went with a commit. */
export interface CommittedJournal {
  readonly journalKey: string;
  readonly journal: JournalEntry;
  readonly journalBytes: Uint8Array | undefined;
}

/** A shard, as the committer sees it. Each write is settled exactly once: by one of the four calls, or by `withdraw`. */
export interface WriteSource {
  readonly ownerKey: string;
  readonly epoch: number;
  nextJournalKey(): string;
  committed(writes: readonly Write[], revision: number, journal: CommittedJournal): void;
  /** The transaction failed because of another shard: nothing was written. */
  unapplied(writes: readonly Write[]): void;
  /** The transaction failed because this shard's epoch has passed: nothing was written. */
  fenced(writes: readonly Write[]): void;
  /** Nobody knows whether it was written. */
  unknown(writes: readonly Write[], error: unknown): void;
}
