/** How a recall process is set up. Times in milliseconds. */
export interface RecallConfig {
  /** Unique among the recall processes; a restarted process may use it again. */
  readonly memberId: string;
  /** Address to listen on, and the one others reach it at when `advertiseHost` is empty. */
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** `host` that others reach it at (a pod's address); default: `host`. */
  readonly advertiseHost?: string | undefined;
  /** The software's version; newer members are preferred during a rolling update. */
  readonly version: string;
  /** Lease of this process; default 5,000. */
  readonly leaseTtlMs: number;
  readonly limits: RecallLimits;
}

/** Every queue, retry and time-out of a recall process has its bound here. */
export interface RecallLimits {
  /** Unanswered commands for one owner; past it a command counts as not sent, and is tried again. */
  readonly maxPerOwner: number;
  /** Commands in one message to an owner. */
  readonly maxBatch: number;
  /** One attempt at a command. */
  readonly attemptTimeoutMs: number;
  /** All attempts at a command; past it nobody knows whether it was done, and the record is looked at again. */
  readonly commandTimeoutMs: number;
  /** Between two attempts, and before a shard is followed again: doubles from min to max, half of it random. */
  readonly retryMinMs: number;
  readonly retryMaxMs: number;
  /** How long the contacts of a user may take. */
  readonly contactsTimeoutMs: number;
  /** How long acquiring a partition waits for its snapshot; then it serves, and the snapshot comes later. */
  readonly snapshotTimeoutMs: number;
  /** Requests to the API under way; past it: OVERLOADED. */
  readonly maxRequests: number;
}

export const DEFAULT_LIMITS: RecallLimits = {
  maxPerOwner: 16_384,
  maxBatch: 1_024,
  attemptTimeoutMs: 3_000,
  commandTimeoutMs: 10_000,
  retryMinMs: 10,
  retryMaxMs: 500,
  contactsTimeoutMs: 2_000,
  snapshotTimeoutMs: 5_000,
  maxRequests: 1_024,
};
