import type { Clock, Random, Timer } from '@parkade/clock';
import type { FollowShardResponse } from '@parkade/proto';
import type { GatewayLimits } from '../config.js';
import type { ShardDirectory } from '../ports.js';
import { backOffMs } from '../routing/back-off.js';
import type { OwnerChanges } from '../routing/owner-changes.js';
import type { OwnerLinks } from '../routing/owner-links.js';
import { inScope, type Scope, ShardImage, type SlotEntry } from './shard-image.js';

export interface ShardFeedDeps {
  readonly directory: ShardDirectory;
  readonly links: OwnerLinks;
  readonly changes: OwnerChanges;
  readonly clock: Clock;
  readonly random: Random;
}

/** Hears of every change of slots in its scope. */
export interface FeedListener {
  readonly scope: Scope;
  changed(entry: SlotEntry): void;
}

/**
 * One shard, followed once for all its watchers, whoever owns it.
 *
 *   F1. It follows from where it stands: a break is made up for by the changes after `image.revision`, or by a snapshot.
 *   F2. A listener that joins in the same turn in which it reads the image misses nothing and hears nothing twice.
 *   F3. A stream of an owner is left when another one owns the shard.
 */
export class ShardFeed {
  readonly image: ShardImage;
  readonly #listeners = new Map<string, Set<FeedListener>>();
  readonly #live = new Set<(live: boolean) => void>();
  #catchUp: { readonly after: number; readonly done: Promise<boolean> } | undefined;
  #stop: (() => void) | undefined;
  #following: string | undefined;
  #retry: Timer | undefined;
  #attempt = 0;
  #isLive = false;
  #closed = false;
  readonly #endChanges: () => void;

  constructor(
    readonly shard: number,
    private readonly limits: GatewayLimits,
    private readonly deps: ShardFeedDeps,
  ) {
    this.image = new ShardImage(limits.maxTombstones, limits.tokenHorizonMs);
    this.#endChanges = deps.directory.onChange((changed) => {
      if (changed === shard && deps.directory.owner(shard)?.address !== this.#following) this.#follow();
    });
    this.#follow();
  }

  /** Whether anybody listens or waits to. */
  get inUse(): boolean {
    return this.#listeners.size > 0 || this.#live.size > 0 || this.#catchUp !== undefined;
  }

  /** Tells true once the first snapshot is complete, false when the feed is closed before. Returns what ends the waiting: it is told nothing then. */
  live(told: (live: boolean) => void): () => void {
    if (this.#isLive || this.#closed) told(this.#isLive);
    else this.#live.add(told);
    return () => void this.#live.delete(told);
  }

  /** Resolves to whether the image holds every change after `revision`; asks the owner for what it does not. */
  async completeSince(revision: number): Promise<boolean> {
    while (!this.#closed && this.image.completeSince > revision) {
      const after = this.#catchUp?.after ?? revision;
      this.#catchUp ??= { after, done: this.#fetch(after).finally(() => (this.#catchUp = undefined)) };
      const complete = await this.#catchUp.done;
      // Somebody's catch-up from an older revision serves us, too; after one from a younger we start our own.
      if (after <= revision) return complete;
    }
    return !this.#closed;
  }

  /** Tells `listener` of changes from now on. Returns what ends that. */
  listen(listener: FeedListener): () => void {
    const key = scopeKey(listener.scope.tenantId, listener.scope.lotId);
    const listeners = this.#listeners.get(key) ?? new Set();
    this.#listeners.set(key, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.#listeners.delete(key);
    };
  }

  close(): void {
    this.#closed = true;
    this.#endChanges();
    this.#retry?.cancel();
    this.#stop?.();
    this.#tellLive(false);
  }

  #follow(): void {
    this.#stop?.();
    this.#stop = undefined;
    this.#retry?.cancel();
    this.#retry = undefined;
    this.image.interrupted();
    if (this.#closed) return;
    const address = this.deps.directory.owner(this.shard)?.address;
    this.#following = address;
    if (address === undefined) return;
    const request = { shard: this.shard, afterRevision: this.#isLive ? this.image.revision : 0 };
    this.#stop = this.deps.links.to(address).channel.follow(request, {
      response: (response) => this.#take(response),
      closed: () => this.#again(),
    });
    // An owner that does not begin to answer is asked anew.
    this.#retry = this.deps.clock.setTimer(this.limits.followTimeoutMs, () => this.#follow());
  }

  /** The stream ended: once more after a pause; a new owner is followed at once. */
  #again(): void {
    this.#stop = undefined;
    this.#retry?.cancel();
    const { followRetryMinMs, followRetryMaxMs } = this.limits;
    const delayMs = backOffMs(this.#attempt++, followRetryMinMs, followRetryMaxMs, this.deps.random);
    this.#retry = this.deps.clock.setTimer(delayMs, () => this.#follow());
  }

  #take(response: FollowShardResponse): void {
    const nowMs = this.deps.clock.nowMs();
    this.#attempt = 0;
    this.#retry?.cancel();
    if (response.reset) this.image.reset();
    for (const record of response.records) this.#tell(this.image.follow(record, nowMs));
    if (!response.synced) return this.image.advance(response.revision);
    for (const entry of this.image.synced(response.revision, nowMs)) this.#tell(entry);
    this.#isLive = true;
    this.#tellLive(true);
  }

  #tellLive(live: boolean): void {
    const waiting = [...this.#live];
    this.#live.clear();
    for (const told of waiting) told(live);
  }

  #tell(entry: SlotEntry | undefined): void {
    if (entry === undefined) return;
    const { tenantId, lotId } = entry.name;
    for (const key of [scopeKey(tenantId, lotId), scopeKey(tenantId, '')]) {
      for (const listener of this.#listeners.get(key) ?? []) {
        if (inScope(listener.scope, entry.name)) listener.changed(entry);
      }
    }
  }

  /** Brings the changes after `after` in by a stream of its own; false when the owner does not have them any more. */
  #fetch(after: number): Promise<boolean> {
    const address = this.deps.directory.owner(this.shard)?.address;
    if (address === undefined) return Promise.resolve(false);
    const { forgotten } = this.image;
    return new Promise((resolve) => {
      const end = (synced: boolean): void => {
        timer.cancel();
        stop();
        const complete = synced && this.image.forgotten === forgotten;
        if (complete) this.image.completedSince(after);
        resolve(complete);
      };
      const timer = this.deps.clock.setTimer(this.limits.followTimeoutMs, () => end(false));
      const stop = this.deps.links.to(address).channel.follow(
        { shard: this.shard, afterRevision: after },
        {
          response: ({ reset, records, synced }) => {
            if (reset) return end(false);
            for (const record of records) this.#tell(this.image.catchUp(record, this.deps.clock.nowMs()));
            if (synced) end(true);
          },
          closed: () => end(false),
        },
      );
    });
  }
}

function scopeKey(tenantId: string, lotId: string): string {
  return `${tenantId}\0${lotId}`;
}
