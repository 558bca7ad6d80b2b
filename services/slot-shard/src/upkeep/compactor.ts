import type { Clock } from '@parkade/clock';
import { keys } from '@parkade/ids';
import { ShardMark } from '@parkade/proto';
import type { Log } from '@parkade/rpc';
import { MAX_TXN_OPS, type Op, prefixRange, type Store } from '@parkade/store';

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
  #compacted = 0;

  constructor(
    private readonly config: CompactorConfig,
    private readonly store: Store,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {}

  /** One round; resolves to the revision history now begins at, or undefined when nothing was compacted. */
  async round(): Promise<number | undefined> {
    const owned = await this.store.range(prefixRange(keys.owners('slot-shard')), { keysOnly: true });
    const nowMs = this.clock.monotonicMs();
    this.#samples.push({ atMs: nowMs, revision: owned.revision });
    this.#samples = this.#samples.filter(({ atMs }) => atMs >= nowMs - 2 * this.config.maxMs);
    const before = (ageMs: number): number =>
      this.#samples.findLast(({ atMs }) => atMs <= nowMs - ageMs)?.revision ?? 0;
    const whole = owned.kvs.length === this.config.shardCount;
    const lowestMark = whole ? await this.#lowestMark() : 0;
    const revision = Math.max(Math.min(lowestMark, before(this.config.keepMs)), before(this.config.maxMs));
    if (revision <= this.#compacted) return undefined;
    await this.store.compact(revision);
    this.#compacted = revision;
    this.log.info('history compacted', { revision });
    return revision;
  }

  /** Up to where the shard has published that has published least; 0: one of them has no mark. */
  async #lowestMark(): Promise<number> {
    const { shardCount } = this.config;
    let lowest = Infinity;
    for (let first = 0; first < shardCount; first += MAX_TXN_OPS) {
      const count = Math.min(MAX_TXN_OPS, shardCount - first);
      const success = Array.from({ length: count }, (_, i): Op => {
        return { kind: 'get', range: { start: keys.mark(first + i) } };
      });
      const { results } = await this.store.txn({ compare: [], success });
      for (const [mark] of results) {
        lowest = Math.min(lowest, mark === undefined ? 0 : ShardMark.decode(mark.value).publishedRevision);
      }
    }
    return lowest;
  }
}
