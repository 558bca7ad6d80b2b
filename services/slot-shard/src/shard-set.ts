import type { Clock } from '@parkade/clock';
import { keys } from '@parkade/ids';
import type { Acquisition, HandOffTarget, OwnerHint, PartitionHandler } from '@parkade/ownership';
import type { Log } from '@parkade/rpc';
import type { Op, Store } from '@parkade/store';
import type { SlotShardConfig } from './config.js';
import type { Publisher } from './publisher/index.js';
import type { Publishing } from './publishing.js';
import type { Followers } from './rpc/follow.js';
import { loadShard, ShardPreload } from './shard/image.js';
import { Shard, type ShardDeps } from './shard/shard.js';
import type { Upkeep } from './upkeep/upkeep.js';

/** How long a preloaded copy may take to see the hand-off before the shard is read anew. */
const FINISH_MS = 1_000;

export interface ShardSetDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly publisher: Publisher;
  readonly publishing: Publishing;
  readonly followers: Followers;
  readonly upkeep: Upkeep;
  /** Made late: the shards need the ownership, which needs this handler. */
  readonly shardDeps: () => ShardDeps;
}

/** The shards of this process: loads, serves, hands off and drops them as ownership says. */
export class ShardSet implements PartitionHandler<number> {
  readonly #shards = new Map<number, Shard>();
  readonly #preloads = new Map<number, ShardPreload>();

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

  async preload(partition: number): Promise<void> {
    const { store, clock } = this.deps;
    const preload = await ShardPreload.start(store, partition, clock, this.config.limits.loadSliceMs);
    this.#preloads.get(partition)?.close();
    this.#preloads.set(partition, preload);
    // From here on the shard may come any moment: commands that arrive early wait for it.
    if (!this.#shards.has(partition)) this.#shards.set(partition, this.#make(partition));
  }

  cancelPreload(partition: number): void {
    this.#preloads.get(partition)?.close();
    this.#preloads.delete(partition);
    this.#drop(partition);
  }

  async acquire(partition: number, epoch: number, how: Acquisition): Promise<void> {
    const { store, clock, log, publishing } = this.deps;
    const preload = this.#preloads.get(partition);
    this.#preloads.delete(partition);
    let shard = this.#shards.get(partition);
    if (shard === undefined) this.#shards.set(partition, (shard = this.#make(partition)));
    const startedMs = clock.monotonicMs();
    const copied = how === 'handed-off' ? await preload?.finish(epoch, clock, FINISH_MS) : undefined;
    preload?.close();
    const image = copied ?? (await loadShard(store, partition, clock, this.config.limits.loadSliceMs));
    if (this.#shards.get(partition) !== shard) return;
    if (how !== 'raised') publishing.begin(partition, image);
    shard.install(image, epoch);
    const tookMs = Math.round(clock.monotonicMs() - startedMs);
    log.info('shard acquired', { shard: partition, epoch, how, slots: image.slots.size, tookMs });
  }

  async drain(partition: number, target: HandOffTarget | undefined): Promise<void> {
    const shard = this.#shards.get(partition);
    if (shard === undefined) return;
    await shard.drain();
    const { publisher, upkeep } = this.deps;
    await publisher.flush(this.config.limits.publishDrainMs, partition);
    // What could not be published in time, the next owner publishes: its mark tells from where.
    await upkeep.round(shard, true);
    this.deps.log.info('shard drained', { shard: partition, to: target?.memberId ?? 'nobody' });
  }

  undrain(partition: number, epoch: number): void {
    this.#shards.get(partition)?.undrain(epoch);
  }

  handOffOps(partition: number, target: HandOffTarget): readonly Op[] {
    return [{ kind: 'put', key: keys.handOff(partition), value: Buffer.from(target.memberId, 'utf8') }];
  }

  lost(partition: number, hint: OwnerHint | undefined): void {
    this.deps.log.info('shard lost', { shard: partition, to: hint?.memberId ?? 'nobody' });
    this.#drop(partition);
    this.deps.publishing.lost(partition);
    this.deps.followers.lost(partition);
    this.deps.upkeep.forget(partition);
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
