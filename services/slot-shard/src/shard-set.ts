import { keys } from '@parkade/ids';
import type { Acquisition, HandOffTarget, OwnerHint, PartitionHandler } from '@parkade/ownership';
import type { Log } from '@parkade/rpc';
import type { Op } from '@parkade/store';
import type { SlotShardConfig } from './config.js';
import type { OwnerMetrics } from './owner-metrics.js';
import type { Publisher } from './publisher/index.js';
import type { Publishing } from './publishing.js';
import type { Followers } from './rpc/follow.js';
import { type LoadDeps, loadShard, ShardPreload } from './shard/image.js';
import { Shard, type ShardDeps } from './shard/shard.js';
import type { Upkeep } from './upkeep/upkeep.js';

/** How long a preloaded copy may take to see the hand-off before the shard is read anew. */
const FINISH_MS = 1_000;

export interface ShardSetDeps extends LoadDeps {
  readonly log: Log;
  readonly publisher: Pick<Publisher, 'flush'>;
  readonly publishing: Pick<Publishing, 'begin' | 'lost'>;
  readonly followers: Followers;
  readonly upkeep: Upkeep;
  readonly metrics: Pick<OwnerMetrics, 'shardChanged'>;
  /** Made late: the shards need the ownership, which needs this handler. */
  readonly shardDeps: () => ShardDeps;
}

/** The shards of this process: loads, serves, hands off and drops them as ownership says. */
export class ShardSet implements PartitionHandler<number> {
  readonly #shards = new Map<number, Shard>();
  /** A preload that was cancelled, or came too late, is not the one noted here any more. */
  readonly #preloads = new Map<number, { copy?: ShardPreload }>();

  constructor(
    private readonly config: SlotShardConfig,
    private readonly shardCount: number,
    private readonly deps: ShardSetDeps,
  ) {}

  /** The shard, when this process owns it or is about to: commands for it may wait there. */
  get(shard: number): Shard | undefined {
    return this.#shards.get(shard);
  }

  *serving(): IterableIterator<Shard> {
    for (const shard of this.#shards.values()) if (shard.serving) yield shard;
  }

  /** Those that were read from the store: also one that is being read anew, or handed over, has lamps. */
  *read(): IterableIterator<Shard> {
    for (const shard of this.#shards.values()) if (shard.installed) yield shard;
  }

  async preload(partition: number): Promise<void> {
    this.#dropPreload(partition);
    const preload: { copy?: ShardPreload } = {};
    this.#preloads.set(partition, preload);
    const copy = await ShardPreload.start(this.deps, partition, this.config.limits.loadSliceMs);
    if (this.#preloads.get(partition) !== preload) {
      copy.close();
      return;
    }
    preload.copy = copy;
    // From here on the shard may come any moment: commands that arrive early wait for it.
    if (!this.#shards.has(partition)) this.#shards.set(partition, this.#make(partition));
  }

  cancelPreload(partition: number): void {
    this.#dropPreload(partition);
    this.#drop(partition);
  }

  async acquire(partition: number, epoch: number, how: Acquisition): Promise<void> {
    const copy = this.#preloads.get(partition)?.copy;
    this.#preloads.delete(partition);
    const known = this.#shards.get(partition);
    const shard = known ?? this.#make(partition);
    this.#shards.set(partition, shard);
    try {
      this.deps.metrics.shardChanged(how);
      // What it has under way belongs to the old epoch: its own recovery settles that first.
      if (shard.installed) await shard.reload();
      else await this.#load(shard, epoch, how, copy);
    } catch (error) {
      // Nobody calls `lost` for it; whoever waits here is to ask the next owner.
      if (this.#shards.get(partition) === shard) this.lost(partition, undefined);
      throw error;
    } finally {
      copy?.close();
    }
  }

  async #load(shard: Shard, epoch: number, how: Acquisition, copy: ShardPreload | undefined): Promise<void> {
    const { clock, log, publishing } = this.deps;
    const { number } = shard;
    const startedMs = clock.monotonicMs();
    const copied = how === 'handed-off' ? await copy?.finish(epoch, clock, FINISH_MS) : undefined;
    const image = copied ?? (await loadShard(this.deps, number, this.config.limits.loadSliceMs));
    if (this.#shards.get(number) !== shard) return;
    if (shard.installed) {
      // Another load of it was faster; one under an older epoch has nothing to add.
      if (epoch > shard.epoch) await shard.reload();
      return;
    }
    publishing.begin(number, image);
    shard.install(image, epoch);
    const tookMs = Math.round(clock.monotonicMs() - startedMs);
    log.info('shard acquired', { shard: number, epoch, how, calls: image.table.parkCount, tookMs });
  }

  async drain(partition: number, target: HandOffTarget | undefined): Promise<void> {
    const shard = this.#shards.get(partition);
    if (shard === undefined) return;
    await shard.drain();
    const { publisher, upkeep } = this.deps;
    await publisher.flush(this.config.limits.publishDrainMs, partition);
    // What could not be published in time, the next owner publishes: its mark tells from where.
    await upkeep.round(shard, true);
    this.deps.metrics.shardChanged('drained');
    this.deps.log.info('shard drained', { shard: partition, to: target?.memberId ?? 'nobody' });
  }

  undrain(partition: number, epoch: number): void {
    this.#shards.get(partition)?.undrain(epoch);
  }

  handOffOps(partition: number, target: HandOffTarget): readonly Op[] {
    return [{ kind: 'put', key: keys.handOff(partition), value: Buffer.from(target.memberId, 'utf8') }];
  }

  lost(partition: number, hint: OwnerHint | undefined): void {
    this.deps.metrics.shardChanged('lost');
    this.deps.log.info('shard lost', { shard: partition, to: hint?.memberId ?? 'nobody' });
    this.#drop(partition);
    this.deps.publishing.lost(partition);
    this.deps.followers.lost(partition);
    this.deps.upkeep.forget(partition);
  }

  #dropPreload(partition: number): void {
    this.#preloads.get(partition)?.copy?.close();
    this.#preloads.delete(partition);
  }

  #drop(partition: number): void {
    const shard = this.#shards.get(partition);
    this.#shards.delete(partition);
    shard?.lose();
  }

  #make(partition: number): Shard {
    return new Shard(partition, this.shardCount, this.config, this.deps.shardDeps());
  }
}
