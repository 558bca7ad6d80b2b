import { type Clock, sleep } from '@parkade/clock';
import type { Store } from '@parkade/store';
import { replayHistory } from './history.js';
import type { Publisher } from './publisher.js';
import type { Committed } from './shard-queue.js';

/** Records read from history in one round, at most. */
const MAX_ROUND = 5_000;
/** One round takes at most this long. */
const ROUND_TIMEOUT_MS = 10_000;
/** Between two looks whether there is room, and two attempts at a store that does not answer. */
const PAUSE_MS = 100;

export interface CatchUpDeps {
  readonly publisher: Publisher;
  readonly store: Store;
  readonly clock: Clock;
  /** Events before this revision (and perhaps at it) are lost: tell the tenants, and publish the shard's lamps anew. */
  readonly onGap: (shard: number, compactRevision: number) => void;
  /** The store did not answer, or a record could not be decoded; it goes on. */
  readonly onTrouble: (shard: number, cause: unknown) => void;
}

/**
 * Reads what a shard lacks from the store's history, round by round and never more than the queue takes, until nothing is
 * missing or `signal` is aborted (as it is when the shard is lost). Resolves to whether nothing is missing. Never rejects.
 */
export async function catchUp(deps: CatchUpDeps, shard: number, signal: AbortSignal): Promise<boolean> {
  const { publisher, clock } = deps;
  let gap = 0;
  const onGap = (compactRevision: number): void => {
    if (compactRevision > gap) deps.onGap(shard, compactRevision);
    gap = compactRevision;
  };
  while (!signal.aborted) {
    const from = publisher.replayFrom(shard);
    if (from === undefined) return true;
    // Half of the queue stays free for the commits of the other shards.
    const room = Math.min(MAX_ROUND, Math.trunc(publisher.room / 2));
    if (room === 0 || !(await round(deps, shard, from, room, signal, onGap))) await sleep(clock, PAUSE_MS, signal);
  }
  return false;
}

/** One round; false: nothing came of it. */
async function round(
  deps: CatchUpDeps,
  shard: number,
  from: number,
  maxRecords: number,
  signal: AbortSignal,
  onGap: (compactRevision: number) => void,
): Promise<boolean> {
  const { publisher } = deps;
  const commits: Committed[] = [];
  const request = { shard, fromRevision: from, maxRecords, timeoutMs: ROUND_TIMEOUT_MS };
  try {
    const result = await replayHistory(
      deps,
      request,
      (commit) => commits.push(commit),
      (slotKey, revision) => deps.onTrouble(shard, `${slotKey} cannot be decoded at revision ${revision}`),
    );
    if (signal.aborted || publisher.replayFrom(shard) !== from) return true;
    if (result.kind === 'gap') {
      onGap(result.compactRevision);
      // What a compaction leaves begins at its revision, or after it; never the same round again.
      publisher.replayed(shard, Math.max(result.compactRevision - 1, from));
      return true;
    }
    if (!publisher.replay(shard, commits)) return false;
    publisher.replayed(shard, result.through);
    return result.through >= from;
  } catch (error) {
    deps.onTrouble(shard, error);
    return false;
  }
}
