import type { ClusterMediaNode, ClusterNow, ClusterOwner, HandOff } from '@parkade/board';
import type { Clock, Timer } from '@parkade/clock';
import type { OwnerDirectory } from '@parkade/ownership';
import type { MediaNodes } from '../settings/media-nodes.js';

export interface ClusterWatchDeps {
  readonly shardCount: number;
  readonly shards: Pick<OwnerDirectory<number>, 'all' | 'onChange'>;
  readonly media: Pick<OwnerDirectory<string>, 'all' | 'onChange'>;
  readonly nodes: Pick<MediaNodes, 'names' | 'onChange'>;
  readonly clock: Clock;
}

export interface ClusterListener {
  readonly now: (cluster: ClusterNow) => void;
  readonly handOffs: (handOffs: readonly HandOff[]) => void;
}

/** Changes that come within this time are told together. */
const TOGETHER_MS = 100;
const MAX_HAND_OFFS = 100;

interface Change {
  readonly shard?: number;
  readonly mediaNode?: string;
  readonly from: string;
  readonly to: string;
}

/**
 * Who owns what, and who took over from whom since this process started.
 *
 *   C1. Shards that went the same way within `TOGETHER_MS` are one hand-off.
 *   C2. At most `MAX_HAND_OFFS` are remembered, the oldest forgotten first.
 */
export class ClusterWatch {
  readonly #listeners = new Set<ClusterListener>();
  readonly #shardOwners: Map<number, string>;
  readonly #mediaOwners: Map<string, string>;
  readonly #ends: readonly (() => void)[];
  readonly #handOffs: HandOff[] = [];
  #changes: Change[] = [];
  #timer: Timer | undefined;
  #number = 0;

  /** The directories have started. */
  constructor(private readonly deps: ClusterWatchDeps) {
    const { shards, media, nodes } = deps;
    this.#shardOwners = new Map([...shards.all()].map(([shard, { memberId }]) => [shard, memberId]));
    this.#mediaOwners = new Map([...media.all()].map(([node, { memberId }]) => [node, memberId]));
    this.#ends = [
      shards.onChange((shard, owner) => this.#moved(this.#shardOwners, shard, owner?.memberId ?? '', { shard })),
      media.onChange((node, owner) => this.#moved(this.#mediaOwners, node, owner?.memberId ?? '', { mediaNode: node })),
      nodes.onChange(() => this.#later()),
    ];
  }

  /** Tells how it is now, what was remembered, and then every change. Returns what ends that. */
  listen(listener: ClusterListener): () => void {
    this.#listeners.add(listener);
    listener.now(this.now());
    if (this.#handOffs.length > 0) listener.handOffs(this.#handOffs);
    return () => void this.#listeners.delete(listener);
  }

  now(): ClusterNow {
    const { shardCount, shards } = this.deps;
    const owners = new Map<string, { readonly address: string; readonly shards: number[] }>();
    const unowned: number[] = [];
    const all = shards.all();
    for (let shard = 0; shard < shardCount; shard++) {
      const owner = all.get(shard);
      if (owner === undefined) {
        unowned.push(shard);
        continue;
      }
      const { memberId, address } = owner;
      const known = owners.get(memberId) ?? { address, shards: [] };
      known.shards.push(shard);
      owners.set(memberId, known);
    }
    const byName = [...owners].map(([memberId, owner]): ClusterOwner => ({ memberId, ...owner }));
    byName.sort((a, b) => compare(a.memberId, b.memberId));
    return { shardCount, owners: byName, unowned, mediaNodes: this.#mediaNodes() };
  }

  close(): void {
    for (const end of this.#ends) end();
    this.#timer?.cancel();
    this.#listeners.clear();
  }

  #mediaNodes(): readonly ClusterMediaNode[] {
    const { nodes, media } = this.deps;
    const all = media.all();
    return [...nodes.names()].sort(compare).map((name) => ({ name, owner: all.get(name)?.memberId ?? '' }));
  }

  #moved<P>(owners: Map<P, string>, partition: P, to: string, what: Omit<Change, 'from' | 'to'>): void {
    const from = owners.get(partition) ?? '';
    if (from === to) return;
    owners.set(partition, to);
    this.#changes.push({ ...what, from, to });
    this.#later();
  }

  #later(): void {
    this.#timer ??= this.deps.clock.setTimer(TOGETHER_MS, () => this.#tell());
  }

  #tell(): void {
    this.#timer = undefined;
    const handOffs = this.#grouped(this.#changes);
    this.#changes = [];
    this.#handOffs.push(...handOffs);
    this.#handOffs.splice(0, this.#handOffs.length - MAX_HAND_OFFS);
    const now = this.now();
    for (const listener of [...this.#listeners]) {
      listener.now(now);
      if (handOffs.length > 0) listener.handOffs(handOffs);
    }
  }

  #grouped(changes: readonly Change[]): readonly HandOff[] {
    const groups = new Map<string, { readonly change: Change; readonly shards: number[] }>();
    for (const change of changes) {
      const key = `${change.mediaNode ?? ''}\0${change.from}\0${change.to}`;
      const group = groups.get(key) ?? { change, shards: [] };
      if (change.shard !== undefined) group.shards.push(change.shard);
      groups.set(key, group);
    }
    const atMs = this.deps.clock.nowMs();
    return [...groups.values()].map(({ change: { mediaNode = '', from, to }, shards }) => {
      shards.sort((a, b) => a - b);
      return { number: ++this.#number, atMs, shards, mediaNode, from, to };
    });
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
