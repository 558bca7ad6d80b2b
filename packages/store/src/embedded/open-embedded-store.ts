import type { Clock } from '@parkade/clock';
import type { Store } from '../store.js';
import { DataDirectory } from './data-directory.js';
import { InMemory } from './durability.js';
import { EmbeddedStore } from './embedded-store.js';
import { DEFAULT_HISTORY_LIMITS, type HistoryLimits } from './history.js';

export interface EmbeddedStoreOptions {
  readonly clock: Clock;
  /**
   * Where to keep the store; created where missing. Every acknowledged write and lease survives a crash; leases count
   * their TTL anew from the open; history before it counts as compacted. Without it nothing outlives the process.
   */
  readonly dataDir?: string | undefined;
  /** How much history is kept before the oldest is compacted; default 200,000 events and 128 MiB. */
  readonly history?: HistoryLimits | undefined;
}

/**
 * Opens a store inside this process: etcd's semantics without etcd. One instance is meant to be shared by all its users.
 * Rejects with `StoreError('unavailable')` where another process uses `dataDir`, with `Error` where it cannot be read.
 */
export async function openEmbeddedStore(options: EmbeddedStoreOptions): Promise<Store> {
  const { clock, dataDir, history = DEFAULT_HISTORY_LIMITS } = options;
  if (dataDir === undefined) return new EmbeddedStore(clock, new InMemory(), history);
  const { durability, restored } = await DataDirectory.open(dataDir, clock);
  return new EmbeddedStore(clock, durability, history, restored);
}
