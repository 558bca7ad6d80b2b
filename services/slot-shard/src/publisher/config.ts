/** How the publisher is set up. Times in milliseconds. */
export interface PublisherConfig {
  /** Names this process in the ids of notices; different at every start. */
  readonly instance: string;
  /** Slots with a publish of their lamp under way, at most; beside them there is one batch of events. */
  readonly maxInFlight: number;
  /** Events, and slots whose lamp, wait to be published, at most, over all shards; past it the shard with the most lags. */
  readonly maxPending: number;
  /** Commits kept aside while shards lag, at most, over all shards: what ends the lag without another round of history. */
  readonly maxHeld: number;
  /** Notices under way, at most; past it they are dropped. */
  readonly maxNotices: number;
  /** How long one publish may take. */
  readonly publishTimeoutMs: number;
  /** Pause after a failed publish; doubles with every round that fails, up to the maximum. */
  readonly retryFirstMs: number;
  readonly retryMaxMs: number;
}

export const DEFAULT_PUBLISHER_LIMITS: Omit<PublisherConfig, 'instance'> = {
  maxInFlight: 256,
  maxPending: 50_000,
  maxHeld: 10_000,
  maxNotices: 64,
  publishTimeoutMs: 5_000,
  retryFirstMs: 50,
  retryMaxMs: 2_000,
};
