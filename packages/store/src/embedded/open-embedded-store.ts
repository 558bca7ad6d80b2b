import type { Clock } from '@parkade/clock';
import type { Store } from '../store.js';
import { InMemory } from './durability.js';
import { EmbeddedStore } from './embedded-store.js';
import { DEFAULT_HISTORY_LIMITS, type HistoryLimits } from './history.js';

export interface EmbeddedStoreOptions {
  readonly clock: Clock;
  /** How much history is kept before the oldest is compacted; default 200,000 events and 128 MiB. */
  readonly history?: HistoryLimits | undefined;
}

/** Opens a store inside this process: etcd's semantics without etcd. */
export function openEmbeddedStore(options: EmbeddedStoreOptions): Promise<Store> {
  return Promise.resolve(new EmbeddedStore(options.clock, new InMemory(), options.history ?? DEFAULT_HISTORY_LIMITS));
}
