import type { Actor } from '@parkade/proto';
import type { SettingsCache } from '@parkade/settings';

/** Who owns a shard, as far as known. */
export interface ShardOwner {
  /** `host:port`. */
  readonly address: string;
  /** The owner key's modification revision. */
  readonly epoch: number;
}

/** The owners of all shards, kept up to date: what an `OwnerDirectory` of slot shards offers. */
export interface ShardDirectory {
  /** Undefined when nobody owns it. */
  owner(shard: number): ShardOwner | undefined;
  all(): ReadonlyMap<number, ShardOwner>;
  /** Calls `listener` after each change of a shard's owner. Returns what ends that. */
  onChange(listener: (shard: number) => void): () => void;
}

/** What routing and watching need of the settings. */
export type Settings = Pick<SettingsCache, 'revision' | 'system' | 'tenant' | 'waitFor' | 'onChange'>;

/** What became of ringing a phone for a parked call; `unknown`: it is found out within seconds, and shows in the slot. */
export type Rung =
  | 'connected'
  | 'busy'
  | 'no-answer'
  | 'unregistered'
  | 'failed'
  /** The call is not parked any more. */
  | 'gone'
  /** Somebody else is taking it. */
  | 'in-use'
  /** Nobody controls the media node now. */
  | 'unreachable'
  | 'unknown';

/** Phones of tenants, rung through whoever controls the media nodes. */
export interface Phones {
  /**
   * Rings an extension, and joins whoever answers with a call that is parked at a media node. Until then, and when nobody answers,
   * the call stays parked. Resolves when it is over; never rejects.
   */
  fetch(wanted: {
    readonly tenantId: string;
    readonly parkId: string;
    readonly mediaNode: string;
    readonly extension: string;
    /** Who wants it there, for the audit of that retrieve. */
    readonly by: Actor | undefined;
  }): Promise<Rung>;
  close(): void;
}

/** Facts of the cluster that never change while a gateway runs. */
export interface Cluster {
  readonly shardCount: number;
  /** Another one means another history of the store: revisions of old tokens say nothing. */
  readonly incarnation: string;
}
