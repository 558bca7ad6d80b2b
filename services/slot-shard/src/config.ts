/** How a slot-shard process is set up. Times in milliseconds. */
export interface SlotShardConfig {
  /** Unique among the slot-shard processes; a restarted process may use it again. */
  readonly memberId: string;
  /** Address to listen on, and the one others reach it at when `advertise` is empty. */
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** `host` that others reach it at (a pod's address); default: `host`. */
  readonly advertiseHost?: string | undefined;
  /** The software's version; newer members are preferred during a rolling update. */
  readonly version: string;
  /** Lease of this process; default 5,000. */
  readonly leaseTtlMs: number;
  readonly limits: SlotShardLimits;
}

/** Every queue, cache and batch of a slot-shard process has its bound here. */
export interface SlotShardLimits {
  /** Commands under way in the process; past it: OVERLOADED. */
  readonly maxCommands: number;
  /** Commands waiting for one slot; past it: OVERLOADED. */
  readonly maxWaitingPerSlot: number;
  /** Transactions under way at a time. More than a few only make etcd's queue longer. */
  readonly maxTransactions: number;
  /** How long one transaction may take before its outcome counts as unknown. */
  readonly transactionTimeoutMs: number;
  /** How long request ids are remembered, and tombstones kept. */
  readonly horizonMs: number;
  /** Bytes of remembered answers per shard; past it the horizon shrinks. */
  readonly maxJournalBytes: number;
  /** Between two rounds of upkeep (journal, tombstones, marks). */
  readonly upkeepMs: number;
  /** Between two rounds of packing: a slot that nobody asks for is packed after one to two of them. */
  readonly packMs: number;
  /** A shard's mark is written at least this often, so that history can be compacted. */
  readonly markMs: number;
  /** Between two rounds of compaction: more of it at a time takes more space, and holds etcd up longer. */
  readonly compactMs: number;
  /** History younger than this is never compacted. */
  readonly keepHistoryMs: number;
  /** History older than this is compacted even when it was not published; its events are then a gap. */
  readonly maxHistoryMs: number;
  /** How long the shards of a leaving process wait for their events to be published. */
  readonly publishDrainMs: number;
  /** Decoding yields to the event loop this often. */
  readonly loadSliceMs: number;
}

export const DEFAULT_LIMITS: SlotShardLimits = {
  maxCommands: 65_536,
  maxWaitingPerSlot: 1_024,
  maxTransactions: 4,
  transactionTimeoutMs: 2_000,
  horizonMs: 10 * 60_000,
  maxJournalBytes: 8 * 1024 * 1024,
  upkeepMs: 5_000,
  packMs: 5_000,
  markMs: 60_000,
  compactMs: 20_000,
  keepHistoryMs: 60_000,
  maxHistoryMs: 30 * 60_000,
  publishDrainMs: 500,
  loadSliceMs: 15,
};
