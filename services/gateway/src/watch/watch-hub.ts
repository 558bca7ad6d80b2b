import type { Timer } from '@parkade/clock';
import { Reason, type WatchSlotsRequest } from '@parkade/proto';
import { Refused } from '@parkade/rpc';
import type { GatewayLimits } from '../config.js';
import type { Cluster, Settings } from '../ports.js';
import type { OwnedSlots } from '../reads/owned-slots.js';
import { readResumeToken, type ResumeToken, tokenScope } from './resume-token.js';
import { scopeShards } from './scope-shards.js';
import { ShardFeed, type ShardFeedDeps } from './shard-feed.js';
import { TokenWriter } from './token-writer.js';
import { Watcher, type WatchSink } from './watcher.js';

export interface WatchHubDeps extends ShardFeedDeps {
  readonly cluster: Cluster;
  readonly settings: Settings;
  /** Whether the tenant may have one more watch; undefined: yes. */
  readonly quota: (tenantId: string) => Refused | undefined;
  /** See `OwnedSlots.shardsOf`. Never rejects. */
  readonly shardsOf: OwnedSlots['shardsOf'];
}

interface Used {
  readonly feed: ShardFeed;
  /** Monotonic ms at which somebody used it last. */
  usedAtMs: number;
}

/** Between two rounds of upkeep: tokens renewed, unused feeds closed, old tombstones dropped. */
const SWEEP_MS = 1_000;
/** For so many tenants at most owners are asked again in one round; the others have their turn in the next. */
const MAX_NAMED = 64;

/**
 * All watches of this process.
 *
 *   H1. A shard is followed once, however many watch it, and `feedLingerMs` longer than anybody does.
 *   H2. A watch covers the lots its tenant has at any time: a new lot's shard is joined when the settings name it.
 *       A watch of a whole tenant covers as well the lots that were deleted while calls were parked in them: their shards stand in
 *       its token, or their owners name them when it begins. Until every owner has, they are asked each round of upkeep.
 *   H3. Watchers are flushed once a turn of the event loop, however much changed in it.
 */
export class WatchHub {
  readonly #feeds = new Map<number, Used>();
  readonly #watchers = new Map<string, Set<Watcher>>();
  readonly #dirty = new Set<Watcher>();
  /** Watches whose tenant may have lots on shards that nobody has named yet. */
  readonly #unnamed = new Set<Watcher>();
  /** What owners are just being asked, by tenant. */
  readonly #named = new Map<string, ReturnType<OwnedSlots['shardsOf']>>();
  readonly #tokens = new TokenWriter();
  readonly #endSettings: () => void;
  #count = 0;
  #sweep: Timer | undefined;
  #closed = false;

  constructor(
    private readonly limits: GatewayLimits,
    private readonly deps: WatchHubDeps,
  ) {
    this.#endSettings = deps.settings.onChange((change) => {
      if (change.kind !== 'tenant') return;
      for (const watcher of this.#watchers.get(change.tenantId) ?? []) this.#cover(watcher);
    });
  }

  get watchers(): number {
    return this.#count;
  }

  /** Tenants with a watch. */
  tenants(): IterableIterator<string> {
    return this.#watchers.keys();
  }

  /** Watches of a tenant. */
  watchersOf(tenantId: string): number {
    return this.#watchers.get(tenantId)?.size ?? 0;
  }

  get feeds(): number {
    return this.#feeds.size;
  }

  /** Begins a watch; its tenant and lot exist. Returns what ends it when the client is gone. Refused past `maxWatchers`. */
  watch({ tenantId, lotId, resumeToken }: WatchSlotsRequest, sink: WatchSink): (() => void) | Refused {
    if (this.#count >= this.limits.maxWatchers) {
      return new Refused(Reason.OVERLOADED, 'This gateway serves as many watches as it can; retry, another one may.');
    }
    const beyond = this.deps.quota(tenantId);
    if (beyond !== undefined) return beyond;
    const scope = tokenScope(this.deps.cluster.incarnation, tenantId, lotId);
    const resume = resumeToken === '' ? undefined : this.#usable(scope, resumeToken);
    const [token, cause] = typeof resume === 'string' ? [undefined, resume] : [resume, undefined];
    const watcher = new Watcher({ tenantId, lotId }, scope, token, cause, this.limits.maxPendingSlots, {
      sink,
      nowMs: () => this.deps.clock.nowMs(),
      tokens: this.#tokens,
      dirty: (dirty) => this.#markDirty(dirty),
    });
    this.#count++;
    const watchers = this.#watchers.get(tenantId) ?? new Set();
    this.#watchers.set(tenantId, watchers.add(watcher));
    this.#sweep ??= this.deps.clock.setTimer(SWEEP_MS, () => this.#upkeep());
    this.#cover(watcher);
    if (lotId === '') {
      this.#join(watcher, token?.revisions.keys() ?? []);
      watcher.awaits(this.#nameShards(watcher));
    }
    this.#markDirty(watcher);
    return () => this.#end(watcher, undefined);
  }

  /** Ends every watch with `refused`, and every feed. Idempotent. */
  close(refused: Refused): void {
    this.#closed = true;
    this.#endSettings();
    this.#sweep?.cancel();
    for (const watchers of this.#watchers.values()) for (const watcher of watchers) this.#end(watcher, refused);
    for (const { feed } of this.#feeds.values()) feed.close();
    this.#feeds.clear();
  }

  /** The token, or in words why it cannot be served. */
  #usable(scope: number, token: string): ResumeToken | string {
    const resume = readResumeToken(scope, token, this.deps.cluster.shardCount);
    if (resume === undefined) return 'The resume token is malformed, or of another watch or cluster.';
    const ageMs = this.deps.clock.nowMs() - resume.issuedAtMs;
    return ageMs < this.limits.tokenHorizonMs ? resume : 'The resume token is too old.';
  }

  #cover(watcher: Watcher): void {
    const { cluster, settings } = this.deps;
    const { tenantId } = watcher.scope;
    this.#join(watcher, scopeShards(watcher.scope, settings.tenant(tenantId), cluster.shardCount));
  }

  #join(watcher: Watcher, shards: Iterable<number>): void {
    for (const shard of shards) if (!watcher.has(shard)) void watcher.join(this.#feed(shard));
  }

  /** Joins the shards on which owners have lots of the watcher's tenant. */
  async #nameShards(watcher: Watcher): Promise<void> {
    this.#unnamed.delete(watcher);
    const { shards, whole } = await this.#shardsOf(watcher.scope.tenantId);
    if (watcher.ended) return;
    this.#join(watcher, shards);
    if (!whole) this.#unnamed.add(watcher);
  }

  /** Asked once for all watches of the tenant that want to know at the same time: a gateway's watchers come back all at once. */
  #shardsOf(tenantId: string): ReturnType<OwnedSlots['shardsOf']> {
    let named = this.#named.get(tenantId);
    if (named === undefined) {
      named = this.deps.shardsOf(tenantId).finally(() => this.#named.delete(tenantId));
      this.#named.set(tenantId, named);
    }
    return named;
  }

  #feed(shard: number): ShardFeed {
    let used = this.#feeds.get(shard);
    if (used === undefined) {
      used = { feed: new ShardFeed(shard, this.limits, this.deps), usedAtMs: 0 };
      this.#feeds.set(shard, used);
    }
    used.usedAtMs = this.deps.clock.monotonicMs();
    return used.feed;
  }

  #end(watcher: Watcher, refused: Refused | undefined): void {
    const watchers = this.#watchers.get(watcher.scope.tenantId);
    watcher.end(refused);
    this.#dirty.delete(watcher);
    this.#unnamed.delete(watcher);
    if (watchers?.delete(watcher) !== true) return;
    this.#count--;
    if (watchers.size === 0) this.#watchers.delete(watcher.scope.tenantId);
  }

  #markDirty(watcher: Watcher): void {
    if (this.#dirty.size === 0) this.deps.clock.defer(() => this.#flush());
    this.#dirty.add(watcher);
  }

  #flush(): void {
    const dirty = [...this.#dirty];
    this.#dirty.clear();
    for (const watcher of dirty) {
      watcher.flush();
      if (watcher.ended) this.#end(watcher, undefined);
    }
  }

  #upkeep(): void {
    const nowMs = this.deps.clock.nowMs();
    const dueMs = nowMs - this.limits.syncedEveryMs;
    for (const watchers of this.#watchers.values()) {
      for (const watcher of watchers) if (watcher.syncedAtMs <= dueMs && watcher.syncedAtMs > 0) watcher.sync();
    }
    let tenants = 0;
    for (const watcher of [...this.#unnamed]) {
      const asks = !this.#named.has(watcher.scope.tenantId);
      if (asks && tenants++ >= MAX_NAMED) continue;
      void this.#nameShards(watcher);
    }
    const monotonicMs = this.deps.clock.monotonicMs();
    for (const [shard, used] of this.#feeds) {
      used.feed.image.prune(nowMs);
      if (used.feed.inUse) used.usedAtMs = monotonicMs;
      else if (monotonicMs - used.usedAtMs >= this.limits.feedLingerMs) {
        this.#feeds.delete(shard);
        used.feed.close();
      }
    }
    if (!this.#closed) this.#sweep = this.deps.clock.setTimer(SWEEP_MS, () => this.#upkeep());
  }
}
