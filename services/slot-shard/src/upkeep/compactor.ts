import type { Clock } from '@parkade/clock';
import { keys } from '@parkade/ids';
import { ShardMark } from '@parkade/proto';
import type { Log } from '@parkade/rpc';
import { prefixRange, type Store } from '@parkade/store';

export interface CompactorConfig {
  readonly shardCount: number;
  /** History younger than this stays in any case. */
  readonly keepMs: number;
  /** History older than this goes in any case. */
  readonly maxMs: number;
}

interface Sample {
  readonly atMs: number;
  readonly revision: number;
}

/**
 * Compacts the store's history behind the lowest mark of all shards. Run by whoever owns shard 0; two at once do no harm.
 *
 *   P1. Nothing a shard has not published is compacted, unless it is older than `maxMs`; then the shard's owner says `gap`.
 *   P2. While a shard that is in use has no mark yet, nothing is compacted (bounded by P1's limit).
 */
export class Compactor {
  #samples: Sample[] = [];

  constructor(
    private readonly config: CompactorConfig,
    private readonly store: Store,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {}

  /** One round; resolves to the revision history now begins at, or undefined when nothing was compacted. */
  async round(): Promise<number | undefined> {
    const owned = await this.store.range(prefixRange(keys.owners('slot-shard')), { keysOnly: true });
    const marks = await Promise.all(
      owned.kvs.map(async (_, i) => {
        const stored = await this.store.get(keys.mark(i));
        return stored === undefined ? 0 : ShardMark.decode(stored.value).publishedRevision;
      }),
    );
    const nowMs = this.clock.monotonicMs();
    this.#samples.push({ atMs: nowMs, revision: owned.revision });
    this.#samples = this.#samples.filter(({ atMs }) => atMs >= nowMs - 2 * this.config.maxMs);
    const before = (ageMs: number): number =>
      this.#samples.findLast(({ atMs }) => atMs <= nowMs - ageMs)?.revision ?? 0;
    const whole = owned.kvs.length === this.config.shardCount;
    const lowestMark = whole ? Math.min(...marks) : 0;
    const revision = Math.max(Math.min(lowestMark, before(this.config.keepMs)), before(this.config.maxMs));
    if (revision <= 0) return undefined;
    await this.store.compact(revision);
    this.log.info('history compacted', { revision });
    return revision;
  }
}
