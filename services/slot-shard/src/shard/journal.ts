import type { Random } from '@parkade/clock';
import { requestIdTimeMs, SecretHash } from '@parkade/ids';
import { CommandAnswer, JournalEntry } from '@parkade/proto';
import { HashIndex } from '../packed/index.js';
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
  /** Its number in the index. */
  readonly number: number;
  /** Of the key of each answer in it; see `answerKey`. */
  readonly hashes: readonly number[];
  /** When the youngest of its request ids was made, wall ms; 0: none tells. */
  readonly youngestMs: number;
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

/** Ids from a clock that is ahead stay past the bound, until there is so much more of them. */
const AHEAD_FACTOR = 4;

/**
 * The request ids of a shard and their answers.
 *
 *   J1. An id is remembered from the moment its commit is known until its commit has expired from the store.
 *   J2. What expires is the oldest; an id older than `floorMs` is refused and never executed, so forgetting is safe.
 *   J3. Bytes are bounded: past the bound the oldest expire early, and `floorMs` rises with them; but not beyond now, up to
 *       `AHEAD_FACTOR` times the bound: one client whose clock is ahead would have all others refused.
 */
export class RequestJournal {
  /**
   * Numbers of commits by the hashes of their answers' keys. There are millions of answers: a map of keys took 2 µs a command, to be looked
   * through, to be added to, and to be kept by every collection of garbage.
   */
  readonly #index = new HashIndex();
  readonly #numbered: (Commit | undefined)[] = [];
  readonly #freeNumbers: number[] = [];
  /** In the order of their keys. */
  #commits: Commit[] = [];
  #bytes = 0;
  #floorMs: number;
  readonly #hash: (key: string) => number;

  /** `random`: nobody shall find request ids whose keys have the same hash. */
  constructor(floorMs: number, random: Random) {
    this.#floorMs = floorMs;
    this.#hash = new SecretHash(random).of;
  }

  /** Ids made at or before this wall time may have been forgotten. */
  get floorMs(): number {
    return this.#floorMs;
  }

  get size(): number {
    return this.#index.size;
  }

  /** Of the key of an answer. */
  hashOf(key: string): number {
    return this.#hash(key);
  }

  /** Adds the answers of one commit, which is `value` in the store. Commits come in the order of their keys, or nearly. */
  add(key: string, { answers, atMs }: JournalEntry, revision: number, value: Uint8Array): void {
    const hashes: number[] = [];
    let youngestMs = 0;
    for (const { requestId, stop } of answers) {
      hashes.push(this.hashOf(answerKey(requestId, stop)));
      youngestMs = Math.max(youngestMs, requestIdTimeMs(requestId) ?? 0);
    }
    const number = this.#freeNumbers.pop() ?? this.#numbered.length;
    const commit = { key, atMs, revision, value, number, hashes, youngestMs };
    this.#numbered[number] = commit;
    for (const hash of hashes) this.#index.add(hash, number);
    let at = this.#commits.length;
    while (at > 0 && (this.#commits[at - 1]?.key ?? '') > key) at--;
    if (at === this.#commits.length) this.#commits.push(commit);
    else this.#commits.splice(at, 0, commit);
    this.#bytes += value.length;
  }

  /** What was answered under the key of an answer. */
  find(key: string): Remembered | undefined {
    let found: Remembered | undefined;
    this.#index.find(this.hashOf(key), (number) => {
      const commit = this.#numbered[number];
      // A routed choice is journalled again under the same id: its younger answer counts.
      if (commit !== undefined && commit.revision > (found?.revision ?? -1)) found = answerIn(commit, key) ?? found;
      return false;
    });
    return found;
  }

  /**
   * The oldest commits, as far as they are older than `beforeMs` or beyond `maxBytes`; at most `limit`. They stay remembered until
   * `forget`.
   */
  expired({
    nowMs,
    beforeMs,
    maxBytes,
    limit,
  }: {
    readonly nowMs: number;
    readonly beforeMs: number;
    readonly maxBytes: number;
    readonly limit: number;
  }): Expired | undefined {
    const commits = new Set<Commit>();
    let floorMs = this.#floorMs;
    let bytes = this.#bytes;
    let early = false;
    for (let i = 0; i < this.#commits.length - ALWAYS_KEPT; i++) {
      const commit = this.#commits[i];
      if (commit === undefined) break;
      if (commits.size >= limit || (commit.atMs >= beforeMs && bytes <= maxBytes)) break;
      const isEarly = commit.atMs >= beforeMs;
      if (isEarly && commit.youngestMs > nowMs && bytes <= AHEAD_FACTOR * maxBytes) break;
      early ||= isEarly;
      commits.add(commit);
      bytes -= commit.value.length;
      floorMs = Math.max(floorMs, commit.youngestMs);
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
      const { value, number, hashes } = commit;
      if (this.#numbered[number] !== commit) continue;
      this.#bytes -= value.length;
      for (const hash of hashes) this.#index.delete(hash, number);
      this.#numbered[number] = undefined;
      this.#freeNumbers.push(number);
    }
  }
}

/** The answer of this key; undefined: the commit has another one of the same hash. */
function answerIn({ value, revision }: Commit, key: string): Remembered | undefined {
  const { answers } = JournalEntry.decode(value);
  const found = answers.findLast(({ requestId, stop }) => answerKey(requestId, stop) === key);
  return found === undefined ? undefined : { fingerprint: found.fingerprint, answer: found.answer, revision };
}

/** The answer as it is sent: the revision is that of the commit. */
export function decodeAnswer(remembered: Remembered): CommandAnswer {
  const answer = CommandAnswer.decode(remembered.answer);
  return withRevision(answer, remembered.revision);
}
