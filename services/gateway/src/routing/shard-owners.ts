import type { OwnerDirectory } from '@parkade/ownership';
import type { ShardDirectory, ShardOwner } from '../ports.js';

/**
 * The owners of all shards as a plain map: it is looked at once a command.
 *
 *   A1. Listeners are told after `owner` and `all` show the change.
 *   A2. An owner without an address (its key does not decode) counts as none.
 */
export class ShardOwners implements ShardDirectory {
  readonly #owners = new Map<number, ShardOwner>();
  readonly #listeners = new Set<(shard: number) => void>();

  /** `directory` has started. */
  constructor(directory: Pick<OwnerDirectory<number>, 'all' | 'onChange'>) {
    for (const [shard, owner] of directory.all()) this.#set(shard, owner);
    directory.onChange((shard, owner) => {
      this.#set(shard, owner);
      for (const listener of [...this.#listeners]) listener(shard);
    });
  }

  owner(shard: number): ShardOwner | undefined {
    return this.#owners.get(shard);
  }

  all(): ReadonlyMap<number, ShardOwner> {
    return this.#owners;
  }

  onChange(listener: (shard: number) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #set(shard: number, owner: ShardOwner | undefined): void {
    if (owner === undefined || owner.address === '') this.#owners.delete(shard);
    else this.#owners.set(shard, owner);
  }
}
