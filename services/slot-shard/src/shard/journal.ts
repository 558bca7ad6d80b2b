import { CommandAnswer, type JournalEntry } from '@parkade/proto';

/** What names an answer: the request id, and where an automatic choice stops twice at one shard, the stop. */
export function answerKey(requestId: string, stop: string): string {
  return stop === '' ? requestId : `${requestId} ${stop}`;
}

/** What a request id was answered, and by which commit. */
export interface Remembered {
  readonly requestId: string;
  readonly fingerprint: number;
  /** The encoded answer; its revision is `revision`. */
  readonly answer: Uint8Array;
  readonly revision: number;
  /** The commit's key. */
  readonly key: string;
}

/** One commit's part of the journal. */
export interface Commit {
  readonly key: string;
  readonly atMs: number;
  readonly bytes: number;
  readonly requestIds: readonly string[];
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
  readonly #answers = new Map<string, Remembered>();
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

  /** Adds the answers of one commit. Commits come in the order of their keys, or nearly. */
  add(key: string, entry: JournalEntry, revision: number, bytes: number): void {
    const requestIds: string[] = [];
    for (const { requestId: id, stop, fingerprint, answer } of entry.answers) {
      const requestId = answerKey(id, stop);
      this.#answers.set(requestId, { requestId, fingerprint, answer, revision, key });
      requestIds.push(requestId);
    }
    const commit = { key, atMs: entry.atMs, bytes, requestIds };
    let at = this.#commits.length;
    while (at > 0 && (this.#commits[at - 1]?.key ?? '') > key) at--;
    this.#commits.splice(at, 0, commit);
    this.#bytes += bytes;
  }

  find(requestId: string): Remembered | undefined {
    return this.#answers.get(requestId);
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
    for (const commit of this.#commits.slice(0, -ALWAYS_KEPT)) {
      if (commits.size >= limit || (commit.atMs >= beforeMs && bytes <= maxBytes)) break;
      early ||= commit.atMs >= beforeMs;
      commits.add(commit);
      bytes -= commit.bytes;
      for (const requestId of commit.requestIds) floorMs = Math.max(floorMs, timeOf(requestId.slice(0, 36)));
    }
    const keysGone = [...commits].map(({ key }) => key);
    const [firstKey, lastKey] = [keysGone[0], keysGone.at(-1)];
    if (firstKey === undefined || lastKey === undefined) return undefined;
    return { firstKey, lastKey, commits, floorMs, early, more: commits.size >= limit };
  }

  /** The keys of `expired` are deleted from the store, its floor stands there. */
  forget(expired: Expired): void {
    this.#floorMs = Math.max(this.#floorMs, expired.floorMs);
    const gone = this.#commits.filter((commit) => expired.commits.has(commit));
    this.#commits = this.#commits.filter((commit) => !expired.commits.has(commit));
    for (const { key, bytes, requestIds } of gone) {
      this.#bytes -= bytes;
      for (const requestId of requestIds) {
        // A routed choice is journalled again under the same id: its younger answer stays.
        if (this.#answers.get(requestId)?.key === key) this.#answers.delete(requestId);
      }
    }
  }
}

/** The answer as it is sent: the revision is that of the commit. */
export function decodeAnswer(remembered: Remembered): CommandAnswer {
  const answer = CommandAnswer.decode(remembered.answer);
  return withRevision(answer, remembered.revision);
}

/** Puts the commit's revision where the answer and its park show it. Changes `answer`. */
export function withRevision(answer: CommandAnswer, revision: number): CommandAnswer {
  answer.revision = revision;
  const { result } = answer;
  if (result?.$case === 'hold') result.value.recordRevision = revision;
  if (result?.$case === 'park' || result?.$case === 'retrieved') result.value.revision = revision;
  return answer;
}
