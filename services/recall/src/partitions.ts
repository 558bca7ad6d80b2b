import { type Clock, sleep } from '@parkade/clock';
import type { Acquisition, PartitionHandler } from '@parkade/ownership';
import type { LegNews } from './machine/index.js';
import { ShardFollower, type ShardFollowerDeps } from './owner/shard-follower.js';
import { PartitionRecalls, type RecallsDeps } from './run/partition-recalls.js';

interface Partition {
  readonly recalls: PartitionRecalls;
  readonly follower: ShardFollower;
}

export interface PartitionsDeps {
  readonly clock: Clock;
  readonly follow: ShardFollowerDeps;
  /** Made late: recalls need the ownership, which needs this handler. */
  readonly recalls: (shard: number) => RecallsDeps;
  readonly snapshotTimeoutMs: number;
}

/**
 * The recall partitions of this process, one a slot shard. There is nothing to hand over: what a recall knows stands with the
 * slot, so a partition that comes is taken from its owner's records, and one that goes is dropped where it stands.
 */
export class Partitions implements PartitionHandler<number> {
  readonly #partitions = new Map<number, Partition>();

  constructor(private readonly deps: PartitionsDeps) {}

  /** How many are followed. */
  get size(): number {
    return this.#partitions.size;
  }

  /** Parks of all partitions. */
  get parks(): number {
    let parks = 0;
    for (const { recalls } of this.#partitions.values()) parks += recalls.size;
    return parks;
  }

  preload(): Promise<void> {
    return Promise.resolve();
  }

  cancelPreload(): void {
    return undefined;
  }

  async acquire(partition: number, epoch: number, how: Acquisition): Promise<void> {
    if (how === 'raised' && this.#partitions.has(partition)) return;
    this.#drop(partition);
    const recalls = new PartitionRecalls(partition, epoch, this.deps.recalls(partition));
    const follower = new ShardFollower(partition, recalls, this.deps.follow);
    this.#partitions.set(partition, { recalls, follower });
    // Serving does not depend on it: where the shard has no owner yet, its records come when it has one.
    await Promise.race([follower.live(), sleep(this.deps.clock, this.deps.snapshotTimeoutMs)]);
  }

  drain(partition: number): Promise<void> {
    this.#drop(partition);
    return Promise.resolve();
  }

  undrain(partition: number, epoch: number): void {
    void this.acquire(partition, epoch, 'claimed');
  }

  handOffOps(): readonly [] {
    return [];
  }

  lost(partition: number): void {
    this.#drop(partition);
  }

  /** The slot shard of this number may have another owner. */
  ownerChanged(shard: number): void {
    this.#partitions.get(shard)?.follower.ownerChanged();
  }

  legNews(legId: string, news: LegNews): void {
    for (const { recalls } of this.#partitions.values()) if (recalls.legNews(legId, news)) return;
  }

  #drop(partition: number): void {
    const known = this.#partitions.get(partition);
    this.#partitions.delete(partition);
    known?.follower.close();
    known?.recalls.close();
  }
}
