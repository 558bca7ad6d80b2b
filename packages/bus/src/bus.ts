/**
 * The bus port: what leaves the cluster for lamps, consoles, webhooks and other services. It is never the truth: all that
 * is published can be published again from the store.
 *
 *   B1. `publish` resolves only when the message is stored by the bus; a rejected or timed-out publish may be repeated
 *       with the same `id` and is then stored once (within the stream's duplicate window).
 *   B2. `publishLast` keeps one message a subject and never lets a lower `version` replace a higher one, whoever publishes.
 *   B3. A subscriber with `replay` gets what is kept first, then what comes; at least once, in the stream's order.
 *   B4. The bus may be away: calls reject within their time limit, nothing queues without bound, and it comes back by itself.
 */
export interface Bus {
  /**
   * Creates the streams that are missing, with their bounds; leaves existing ones as they are where they fit. Resolves to
   * the names of those it made: they are empty, so whoever owns their contents publishes it. What the specs say is kept
   * up from then on, also when this call rejects because the bus is away.
   */
  ensureStreams(streams: readonly StreamSpec[]): Promise<readonly string[]>;

  /** Stores an event. `id` removes duplicates. */
  publish(subject: string, payload: Uint8Array, options: PublishOptions): Promise<void>;

  /**
   * Stores `payload` as the subject's last value if `version` is higher than what is there. Resolves to whether it was
   * stored; false means that the same or a higher version stood there already.
   */
  publishLast(subject: string, payload: Uint8Array, options: PublishLastOptions): Promise<boolean>;

  /** The last message of a subject of a `last-value` stream, or undefined. */
  last(subject: string): Promise<BusMessage | undefined>;

  /**
   * Subscribes to a subject pattern (`*` one token, `>` the rest). `replay: 'all'` delivers first what the stream keeps,
   * `'last'` the last message of each subject, `'none'` only what is new. Delivery resumes by itself after a reconnect,
   * without loss while the stream still keeps what was missed. The pattern must lie within one stream. `onMessage` must
   * not throw.
   */
  subscribe(
    pattern: string,
    options: SubscribeOptions,
    onMessage: (message: BusMessage) => void,
  ): Promise<Subscription>;

  /**
   * Reads what one stream keeps of a pattern (as for `subscribe`) at the reader's own pace: what was not asked for waits in the
   * stream, within its bounds. Throws `invalid` where no one stream holds it, or where a position is none.
   */
  read(pattern: string, from: ReadFrom): Reading;

  /**
   * Called whenever the bus becomes reachable or unreachable, with `streamsLost` when a stream was lost, and once soon after
   * registering with how things stand. Returns what ends it.
   */
  onStatus(listener: (status: BusStatus) => void): () => void;

  close(): Promise<void>;
}

export interface StreamSpec {
  readonly name: string;
  readonly subjects: readonly string[];
  readonly kind: 'log' | 'last-value';
  /** What is older goes; 0 keeps it for ever. At least 100 ms. */
  readonly maxAgeMs: number;
  /** What is more goes, the oldest first. */
  readonly maxBytes: number;
  /** How long ids are remembered (B1); for `log` streams. At least 100 ms, at most `maxAgeMs`. */
  readonly duplicateWindowMs: number;
  /** Whether a stream that is there already is given these two bounds. Default: it keeps those it was made with. */
  readonly adjustBounds?: boolean | undefined;
}

export interface PublishOptions {
  readonly id: string;
  /** Default 5,000 ms. */
  readonly timeoutMs?: number | undefined;
}

export interface PublishLastOptions {
  /** The slot's revision: a message replaces the last one only when its version is higher. */
  readonly version: number;
  readonly timeoutMs?: number | undefined;
}

export interface BusMessage {
  readonly subject: string;
  readonly payload: Uint8Array;
  /** The id it was published with, where it was published with one. */
  readonly id?: string | undefined;
  /** The version it was published with, on a `last-value` stream. */
  readonly version?: number | undefined;
  /** Place in the stream; rises, may have gaps. Starts over when the stream was lost. */
  readonly sequence: number;
}

export interface SubscribeOptions {
  readonly replay: 'all' | 'last' | 'none';
  /**
   * Called when what was kept has been delivered: once after subscribing, and once more whenever the stream was lost and all
   * that the new one kept has been delivered. Must not throw.
   */
  readonly onReplayed?: (() => void) | undefined;
}

/**
 * Where a reading begins: after the message at `position`, which an earlier reading told (of a stream that was lost meanwhile: at
 * the beginning of the new one), or with what was stored at `sinceMs` (wall ms; 0: all that is kept) or later.
 */
export type ReadFrom = { readonly position: string } | { readonly sinceMs: number };

/** A message, and its place for whoever goes on after it later. */
export interface ReadMessage extends BusMessage {
  /** Opaque, at most 64 visible ASCII characters. */
  readonly position: string;
}

/** One reader's place in a stream. One `next` at a time. */
export interface Reading {
  /**
   * At most `limit` messages that come next (1 to 1,024), in the stream's order, each once. Waits at most `waitMs` for the first
   * where there is none; fewer than `limit` were all there were. Rejects as the other calls do, and then stands where it stood.
   */
  next(limit: number, waitMs: number): Promise<readonly ReadMessage[]>;
  /** What is under way ends at once with what came. Idempotent. */
  close(): void;
}

export interface Subscription {
  close(): Promise<void>;
}

export interface BusStatus {
  readonly connected: boolean;
  /**
   * Streams that lost what they held: found missing and made again, made again by somebody else, or without their newest
   * messages. Whoever owns their contents publishes it anew.
   */
  readonly streamsLost: readonly string[];
}

/**
 * Why a call was refused. `unavailable` and `timeout`: it may have taken effect, or not; repeat it with the same id or
 * version. `closed`: this bus was closed. `invalid`: the same call would be refused again.
 */
export class BusError extends Error {
  override readonly name = 'BusError';

  constructor(
    readonly code: 'unavailable' | 'timeout' | 'closed' | 'invalid',
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
