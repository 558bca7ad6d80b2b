import { keys } from '@parkade/ids';
import { prefixRange } from '@parkade/store';
import { ownerOf } from './owner-key.js';
import type { OwnerHint } from './partition-handler.js';
import type { PartitionId, PartitionSpace } from './partition-space.js';
import { type MirrorChange, RangeMirror, type RangeMirrorDeps } from './range-mirror.js';
import { callAll } from './report.js';

export type OwnerDirectoryDeps = RangeMirrorDeps;

/**
 * Who owns what of a role: the watched owner keys, read only. For gateways and others who route to owners.
 *
 *   D1. For each partition the epoch shown never falls.
 *   D2. It may be behind; who is routed by it must bear `not-owner`.
 */
export class OwnerDirectory<P extends PartitionId> {
  readonly #mirror: RangeMirror;
  readonly #listeners = new Set<(partition: P, owner: OwnerHint | undefined) => void>();

  constructor(
    private readonly space: Pick<PartitionSpace<P>, 'role' | 'keyOf' | 'partitionOf'>,
    private readonly deps: OwnerDirectoryDeps,
  ) {
    this.#mirror = new RangeMirror(prefixRange(keys.owners(space.role)), deps);
    this.#mirror.onChange((changes) => this.#changed(changes));
  }

  /** Resolves when the owners were listed once (retried until then), or the directory is closed. */
  start(): Promise<void> {
    return this.#mirror.start();
  }

  /** The owner as last seen; undefined when nobody owns it. */
  owner(partition: P): OwnerHint | undefined {
    const kv = this.#mirror.get(this.space.keyOf(partition));
    return kv === undefined ? undefined : ownerOf(kv);
  }

  /** Every owner as last seen: a copy. */
  all(): ReadonlyMap<P, OwnerHint> {
    const owners = new Map<P, OwnerHint>();
    for (const kv of this.#mirror.values()) {
      const partition = this.space.partitionOf(kv.key);
      if (partition !== undefined) owners.set(partition, ownerOf(kv));
    }
    return owners;
  }

  /** Calls `listener` after each change of a partition's owner. Returns what ends that. */
  onChange(listener: (partition: P, owner: OwnerHint | undefined) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Ends the watch. Idempotent. */
  close(): void {
    this.#mirror.close();
  }

  #changed(changes: readonly MirrorChange[]): void {
    for (const { key, after } of changes) {
      const partition = this.space.partitionOf(key);
      if (partition === undefined) continue;
      callAll(this.#listeners, this.deps.report, partition, after === undefined ? undefined : ownerOf(after));
    }
  }
}
