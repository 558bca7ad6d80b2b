import type { Clock, Random, Timer } from '@parkade/clock';
import type { OwnerHint } from '@parkade/ownership';
import type { FollowShardResponse, SlotRecord } from '@parkade/proto';
import type { RecallLimits } from '../config.js';
import { backOffMs } from './back-off.js';
import type { Owners } from './owners.js';

/** Hears what a shard holds. */
export interface ShardListener {
  /** A slot's record, and the ids of the parks that were in it before. */
  record(record: SlotRecord, revision: number, before: readonly string[]): void;
}

export interface ShardFollowerDeps {
  readonly owners: Pick<Owners, 'to'>;
  readonly ownerOf: (shard: number) => OwnerHint | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: RecallLimits;
}

/**
 * Follows one shard, whoever owns it.
 *
 *   F1. A break is made up for by the changes after what is complete here, or by a snapshot.
 *   F2. What was in a slot and is not in a snapshot is told as gone, when the snapshot is complete.
 *   F3. An owner that is not the shard's any more is left for the one that is.
 *   F4. Of a slot, an older record than the one known is not told.
 */
export class ShardFollower {
  /** By slot: what is in it, and since which revision. */
  readonly #slots = new Map<
    string,
    { readonly name: SlotRecord['name']; readonly parkIds: readonly string[]; readonly revision: number }
  >();
  #fresh: Set<string> | undefined;
  #revision = 0;
  #stop: (() => void) | undefined;
  #following: string | undefined;
  #retry: Timer | undefined;
  #attempt = 0;
  #closed = false;
  readonly #synced: (() => void)[] = [];
  #live = false;

  constructor(
    readonly shard: number,
    private readonly listener: ShardListener,
    private readonly deps: ShardFollowerDeps,
  ) {
    this.#follow();
  }

  /** Resolves when everything was told once, or the follower is closed. */
  live(): Promise<void> {
    if (this.#live || this.#closed) return Promise.resolve();
    return new Promise((resolve) => this.#synced.push(resolve));
  }

  /** The shard may have another owner. */
  ownerChanged(): void {
    if (this.deps.ownerOf(this.shard)?.address !== this.#following) this.#follow();
  }

  close(): void {
    this.#closed = true;
    this.#retry?.cancel();
    this.#stop?.();
    for (const resolve of this.#synced.splice(0)) resolve();
  }

  #follow(): void {
    this.#stop?.();
    this.#stop = undefined;
    this.#retry?.cancel();
    this.#fresh = undefined;
    if (this.#closed) return;
    const address = this.deps.ownerOf(this.shard)?.address;
    this.#following = address;
    if (address === undefined) return;
    this.#stop = this.deps.owners.to(address).follow(
      { shard: this.shard, afterRevision: this.#revision },
      (response) => this.#take(response),
      () => this.#again(),
    );
  }

  #again(): void {
    this.#stop = undefined;
    this.#retry = this.deps.clock.setTimer(backOffMs(this.#attempt++, this.deps.limits, this.deps.random), () =>
      this.#follow(),
    );
  }

  #take({ reset, records, synced, revision }: FollowShardResponse): void {
    this.#attempt = 0;
    if (reset) this.#fresh = new Set();
    for (const followed of records) {
      if (followed.record !== undefined) this.#tell(followed.record, followed.revision);
    }
    if (!synced) return;
    this.#revision = Math.max(this.#revision, revision);
    this.#forget(revision);
    this.#live = true;
    for (const resolve of this.#synced.splice(0)) resolve();
  }

  #tell(record: SlotRecord, revision: number): void {
    const key = slotKey(record);
    this.#fresh?.add(key);
    const known = this.#slots.get(key);
    if (known !== undefined && known.revision >= revision) return;
    if (record.parks.length === 0) this.#slots.delete(key);
    else this.#slots.set(key, { name: record.name, parkIds: record.parks.map(({ parkId }) => parkId), revision });
    this.listener.record(record, revision, known?.parkIds ?? []);
  }

  /** The snapshot is complete at `revision`: what it left out is not there any more (F2). */
  #forget(revision: number): void {
    const fresh = this.#fresh;
    this.#fresh = undefined;
    if (fresh === undefined) return;
    for (const [key, { name, parkIds, revision: seen }] of [...this.#slots]) {
      if (fresh.has(key) || seen > revision) continue;
      this.#slots.delete(key);
      const empty: SlotRecord = { name, parks: [], last: undefined, documentVersion: 0, litPresenceId: '', ended: [] };
      this.listener.record(empty, revision, parkIds);
    }
  }
}

function slotKey({ name }: SlotRecord): string {
  return `${name?.tenantId ?? ''}\0${name?.lotId ?? ''}\0${name?.slot ?? ''}`;
}
