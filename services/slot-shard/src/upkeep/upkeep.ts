import type { Clock } from '@parkade/clock';
import { keys } from '@parkade/ids';
import { ShardMark } from '@parkade/proto';
import type { Log } from '@parkade/rpc';
import type { Op } from '@parkade/store';
import type { SlotShardLimits } from '../config.js';
import type { Shard } from '../shard/shard.js';

/** In one transaction, with the mark and the answers. */
const MAX_TOMBSTONES = 100;
/** Answers deleted by one transaction, in commits: a store takes its time for a long range. */
const MAX_COMMITS = 2_000;
/** Transactions one after the other for one shard; what is left then waits for the next round. */
const MAX_TURNS = 50;

export interface UpkeepDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** Up to where the shard's events are published; `all`: whatever was committed and answered. */
  readonly publishedRevision: (shard: number) => number | 'all';
}

/**
 * Keeps what a shard has in the store bounded: answers and tombstones beyond the horizon go, and the mark says up to where events
 * were published, so that history before it can be compacted.
 *
 *   K1. A mark is written under the shard's epoch; its published revision never exceeds what this owner has published.
 *   K2. What a mark's floor covers is deleted in the same transaction, never before.
 */
export class Upkeep {
  /** When each shard's mark was written last, monotonic ms. */
  readonly #markedMs = new Map<number, number>();

  constructor(
    private readonly limits: SlotShardLimits,
    private readonly deps: UpkeepDeps,
  ) {}

  forget(shard: number): void {
    this.#markedMs.delete(shard);
  }

  /** One round for a shard. `force`: writes the mark in any case (before a hand-off). */
  async round(shard: Shard, force = false): Promise<void> {
    for (let turn = 0; turn < MAX_TURNS; turn++) {
      if (!(await this.#turn(shard, force && turn === 0))) return;
    }
  }

  /** One transaction, where there is something to do; resolves to whether there is more. */
  async #turn(shard: Shard, force: boolean): Promise<boolean> {
    const { clock, log } = this.deps;
    const { horizonMs, maxJournalBytes, markMs } = this.limits;
    const { live, requests, knownRevision } = shard;
    const published = this.deps.publishedRevision(shard.number);
    const publishedRevision = published === 'all' ? knownRevision : Math.min(knownRevision, published);
    const nowMs = clock.nowMs();
    const which = { nowMs, beforeMs: nowMs - horizonMs, maxBytes: maxJournalBytes, limit: MAX_COMMITS };
    const expired = requests.journal.expired(which);
    const tombstones = live.claimTombstones(nowMs, horizonMs, publishedRevision, MAX_TOMBSTONES);
    const lastMs = this.#markedMs.get(shard.number);
    const due = force || lastMs === undefined || clock.monotonicMs() - lastMs >= markMs;
    if (expired === undefined && tombstones.length === 0 && !due) return false;
    if (expired?.early === true)
      log.warn('request ids expire before the horizon: too many for the journal', { shard: shard.number });
    const mark: ShardMark = {
      publishedRevision,
      journalFloorMs: Math.max(requests.journal.floorMs, expired?.floorMs ?? 0),
      cursors: live.table.cursors(),
      gcRevision: tombstones.reduce((highest, entry) => Math.max(highest, entry.revision), live.gcRevision),
    };
    const ops: Op[] = [
      { kind: 'put', key: keys.mark(shard.number), value: ShardMark.encode(mark).finish() },
      ...tombstones.map((entry): Op => ({ kind: 'delete', range: { start: entry.key } })),
    ];
    if (expired !== undefined) {
      ops.push({ kind: 'delete', range: { start: expired.firstKey, end: `${expired.lastKey}\0` } });
    }
    if (!(await shard.maintain(ops))) {
      shard.notCollected(live, tombstones);
      return false;
    }
    this.#markedMs.set(shard.number, clock.monotonicMs());
    if (expired !== undefined) requests.journal.forget(expired);
    shard.collected(live, tombstones);
    return expired?.more === true || tombstones.length === MAX_TOMBSTONES;
  }
}
