import { CommandAnswer, JournalEntry } from '@parkade/proto';
import { withRevision } from './written-answer.js';

/** What names an answer: the request id, and where an automatic choice stops twice at one shard, the stop. */
export function answerKey(requestId: string, stop: string): string {
  return stop === '' ? requestId : `${requestId} ${stop}`;
}

/** What a request id was answered. */
export interface Remembered {
  readonly fingerprint: number;
  /** The encoded answer; its revision is `revision`. */
  readonly answer: Uint8Array;
  readonly revision: number;
}

/** One commit's part of the journal. */
export interface Commit {
  readonly key: string;
  readonly atMs: number;
  readonly revision: number;
  /** The `JournalEntry` as it is stored: an answer is looked for in it only when it is asked for again, which is rare. */
  readonly value: Uint8Array;
  /** Of each answer in it; see `answerKey`. */
  readonly answerKeys: readonly string[];
}

/** Commits to delete from the store: all keys from `firstKey` to `lastKey`, both included. */
export interface Expired {
  readonly firstKey: string;
  readonly lastKey: string;
  readonly commits: ReadonlySet<Commit>;
  /** Request ids made up to here (wall ms) may be forgotten once the keys are gone. */
  readonly floorMs: number;
  /** Whether something younger than the horizon goes, for want of room. */
  readonly early: boolean;
  /** Whether there is more than was asked for. */
  readonly more: boolean;
}

/** The newest commits never expire: older ones may still be on their way, with keys between theirs. */
const ALWAYS_KEPT = 64;

/**
 * The request ids of a shard and their answers.
 *
 *   J1. An id is remembered from the moment its commit is known until its commit has expired from the store.
 *   J2. What expires is the oldest; an id older than `floorMs` is refused and never executed, so forgetting is safe.
 *   J3. Bytes are bounded: past the bound the oldest expire early, and `floorMs` rises with them.
 */
export class RequestJournal {
  /** By the key of an answer: nothing else is kept of one, as there are millions. */
  readonly #answers = new Map<string, Commit>();
  #commits: Commit[] = [];
  #bytes = 0;
  #floorMs: number;

  constructor(floorMs: number) {
    this.#floorMs = floorMs;
  }

  /** Ids made at or before this wall time may have been forgotten. */
  get floorMs(): number {
    return this.#floorMs;
  }

  get size(): number {
    return this.#answers.size;
  }

  /** Adds the answers of one commit, which is `value` in the store. Commits come in the order of their keys, or nearly. */
  add(key: string, { answers, atMs }: JournalEntry, revision: number, value: Uint8Array): void {
    const answerKeys = answers.map(({ requestId, stop }) => answerKey(requestId, stop));
    const commit = { key, atMs, revision, value, answerKeys };
    for (const each of answerKeys) this.#answers.set(each, commit);
    let at = this.#commits.length;
    while (at > 0 && (this.#commits[at - 1]?.key ?? '') > key) at--;
    if (at === this.#commits.length) this.#commits.push(commit);
    else this.#commits.splice(at, 0, commit);
    this.#bytes += value.length;
  }

  /** What was answered under the key of an answer. */
  find(key: string): Remembered | undefined {
    const commit = this.#answers.get(key);
    if (commit === undefined) return undefined;
    const { answers } = JournalEntry.decode(commit.value);
    const found = answers.findLast(({ requestId, stop }) => answerKey(requestId, stop) === key);
    if (found === undefined) return undefined;
    return { fingerprint: found.fingerprint, answer: found.answer, revision: commit.revision };
  }

  /**
   * The oldest commits, as far as they are older than `beforeMs` or beyond `maxBytes`; at most `limit`. They stay remembered until
   * `forget`.
   */
  expired(
    beforeMs: number,
    maxBytes: number,
    limit: number,
    timeOf: (requestId: string) => number,
  ): Expired | undefined {
    const commits = new Set<Commit>();
    let floorMs = this.#floorMs;
    let bytes = this.#bytes;
    let early = false;
    for (let i = 0; i < this.#commits.length - ALWAYS_KEPT; i++) {
      const commit = this.#commits[i];
      if (commit === undefined) break;
      if (commits.size >= limit || (commit.atMs >= beforeMs && bytes <= maxBytes)) break;
      early ||= commit.atMs >= beforeMs;
      commits.add(commit);
      bytes -= commit.value.length;
      for (const each of commit.answerKeys) floorMs = Math.max(floorMs, timeOf(each.slice(0, 36)));
    }
    const keysGone = [...commits].map(({ key }) => key);
    const [firstKey, lastKey] = [keysGone[0], keysGone.at(-1)];
    if (firstKey === undefined || lastKey === undefined) return undefined;
    return { firstKey, lastKey, commits, floorMs, early, more: commits.size >= limit };
  }

  /** The keys of `expired` are deleted from the store, its floor stands there. */
  forget(expired: Expired): void {
    this.#floorMs = Math.max(this.#floorMs, expired.floorMs);
    this.#commits = this.#commits.filter((commit) => !expired.commits.has(commit));
    for (const commit of expired.commits) {
      this.#bytes -= commit.value.length;
      for (const each of commit.answerKeys) {
        // A routed choice is journalled again under the same id: its younger answer stays.
        if (this.#answers.get(each) === commit) this.#answers.delete(each);
      }
    }
  }
}

/** The answer as it is sent: the revision is that of the commit. */
export function decodeAnswer(remembered: Remembered): CommandAnswer {
  const answer = CommandAnswer.decode(remembered.answer);
  return withRevision(answer, remembered.revision);
}
