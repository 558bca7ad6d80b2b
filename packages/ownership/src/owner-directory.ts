import type { Clock, Random } from '@parkade/clock';
import type { Store } from '@parkade/store';
import type { OwnerHint } from './partition-handler.js';
import type { PartitionId, PartitionSpace } from './partition-space.js';

export interface OwnerDirectoryDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly report?: ((what: string, error: unknown) => void) | undefined;
}

/** Who owns what of a role: the watched owner keys, read only. For gateways and others who route to owners. */
export class OwnerDirectory<P extends PartitionId> {
  constructor(
    private readonly space: Pick<PartitionSpace<P>, 'role' | 'keyOf' | 'partitionOf'>,
    private readonly deps: OwnerDirectoryDeps,
  ) {}

  /** Resolves when the owners were listed once (retried until then), or the directory is closed. */
  start(): Promise<void> {
    return Promise.reject(new Error(`not yet ${this.space.role} ${typeof this.deps}`));
  }

  /** The owner as last seen; undefined when nobody owns it. */
  owner(partition: P): OwnerHint | undefined {
    throw new Error(`not yet ${partition}`);
  }

  all(): ReadonlyMap<P, OwnerHint> {
    throw new Error('not yet');
  }

  /** Calls `listener` after each change of a partition's owner. Returns what ends that. */
  onChange(listener: (partition: P, owner: OwnerHint | undefined) => void): () => void {
    throw new Error(`not yet ${listener.length}`);
  }

  /** Ends the watch. Idempotent. */
  close(): void {
    throw new Error('not yet');
  }
}
