/** How a records process is set up. Times in milliseconds. */
export interface RecordsConfig {
  /** Unique among the records processes; a restarted process may use it again. */
  readonly memberId: string;
  /** Address to listen on, and the one others reach it at when `advertiseHost` is empty. */
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly advertiseHost?: string | undefined;
  /** The software's version; newer members are preferred during a rolling update. */
  readonly version: string;
  readonly leaseTtlMs: number;
  readonly webhooks: WebhookLimits;
}

/** Bounds of the deliveries to one endpoint. */
export interface WebhookLimits {
  /** Whether private, link-local and loopback addresses are delivered to. */
  readonly allowPrivateTargets: boolean;
  /** Attempts at an event, the first included; past it the event is a dead letter. */
  readonly maxAttempts: number;
  /** Pause after the first failed attempt; three times as long after each further one, up to the maximum, half of it random. */
  readonly retryFirstMs: number;
  readonly retryMaxMs: number;
  /** One attempt, from the look-up of the name to the end of the answer. */
  readonly attemptTimeoutMs: number;
  /** Bytes of an answer that are read at most. */
  readonly maxAnswerBytes: number;
  /** Slots whose events are on their way to one endpoint at once. */
  readonly maxSlotsAtOnce: number;
  /** Messages of an endpoint's queue in memory at most. */
  readonly maxMessages: number;
}

export const DEFAULT_WEBHOOK_LIMITS: WebhookLimits = {
  allowPrivateTargets: false,
  maxAttempts: 8,
  retryFirstMs: 1_000,
  retryMaxMs: 300_000,
  attemptTimeoutMs: 10_000,
  maxAnswerBytes: 16_384,
  maxSlotsAtOnce: 8,
  maxMessages: 32,
};
