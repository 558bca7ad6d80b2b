/** How a gateway process is set up. Times in milliseconds. */
export interface GatewayConfig {
  /** Address to listen on. */
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Port of the REST API on the same address; 0: any free one; undefined: it is not served. */
  readonly httpPort: number | undefined;
  /** Whether an unknown tenant or lot is made with the documented defaults; else it is not found. */
  readonly autoTenants: boolean;
  /** Shards of a cluster that is made now; undefined: the default. What stands in the store always holds. */
  readonly shardCount: number | undefined;
  /** A client's connection is asked to reconnect after this long, so that new gateways get their share; 0: never. */
  readonly maxConnectionAgeMs: number;
  readonly limits: GatewayLimits;
}

/** Every queue, retry, stream, cache and batch of a gateway process has its bound here. */
export interface GatewayLimits {
  /** Bytes of one public request; past it: TOO_LARGE. */
  readonly maxRequestBytes: number;
  /** Commands and reads under way in the process; past it: OVERLOADED. */
  readonly maxUnderWay: number;
  /** Unanswered commands for one owner; past it: OVERLOADED. */
  readonly maxPerOwner: number;
  /** Commands in one message to an owner. */
  readonly maxBatch: number;
  /** The time a caller allows when it does not say. */
  readonly defaultTimeoutMs: number;
  /** The longest time a caller may allow; more is cut. */
  readonly maxTimeoutMs: number;
  /** A unary caller is answered this long before its own time ends (a quarter of the time when that is less), so that it hears why. */
  readonly answerMarginMs: number;
  /** Between two attempts at one command: doubles from min to max, half of it random. */
  readonly retryMinMs: number;
  readonly retryMaxMs: number;
  /** Hints of owners followed in a row without a pause. */
  readonly maxHints: number;
  /** How long a connection to an owner may take. */
  readonly connectTimeoutMs: number;
  /** A connection to an address that owns nothing any more, and that nobody uses, is closed after this long. */
  readonly idleLinkMs: number;
  /** Lots one automatic choice may be led through. */
  readonly maxLotsPerChoice: number;
  /** `Commands` streams that are open at a time; past it: OVERLOADED. */
  readonly maxCommandStreams: number;
  /** Unanswered commands of one `Commands` stream; then it is not read. */
  readonly maxStreamUnanswered: number;
  /** Look-ups of tenants and lots the cache does not know, under way at a time; past it the cache is believed. */
  readonly maxLookups: number;
  /** Watch streams; past it: OVERLOADED. */
  readonly maxWatchers: number;
  /** Slots waiting to be sent to one watcher; past it the watch is ended. */
  readonly maxPendingSlots: number;
  /** A resume token older than this is answered with a reset: as long as owners keep tombstones. */
  readonly tokenHorizonMs: number;
  /** A quiet watch hears `synced`, with a new token, this often. */
  readonly syncedEveryMs: number;
  /** A shard nobody watches any more is followed for this much longer. */
  readonly feedLingerMs: number;
  /** Freed slots a followed shard remembers, for those who resume. */
  readonly maxTombstones: number;
  /** How long an owner may take to begin to answer who follows a shard. */
  readonly followTimeoutMs: number;
  /** Following a shard again after it broke: doubles from min to max, half of it random. */
  readonly followRetryMinMs: number;
  readonly followRetryMaxMs: number;
}

export const DEFAULT_LIMITS: GatewayLimits = {
  maxRequestBytes: 64 * 1024,
  maxUnderWay: 32_768,
  maxPerOwner: 16_384,
  maxBatch: 1_024,
  defaultTimeoutMs: 5_000,
  maxTimeoutMs: 60_000,
  answerMarginMs: 100,
  retryMinMs: 10,
  retryMaxMs: 100,
  maxHints: 4,
  connectTimeoutMs: 1_000,
  idleLinkMs: 60_000,
  maxLotsPerChoice: 4,
  maxCommandStreams: 4_096,
  maxStreamUnanswered: 4_096,
  maxLookups: 64,
  maxWatchers: 20_000,
  maxPendingSlots: 200_000,
  tokenHorizonMs: 10 * 60_000,
  syncedEveryMs: 30_000,
  feedLingerMs: 30_000,
  maxTombstones: 100_000,
  followTimeoutMs: 5_000,
  followRetryMinMs: 10,
  followRetryMaxMs: 1_000,
};

/** What may be left out of a configuration. */
export type GatewayConfigInput = Partial<Omit<GatewayConfig, 'limits'>> & {
  readonly limits?: Partial<GatewayLimits> | undefined;
};

/** The configuration with its defaults filled in (127.0.0.1, any free port, no automatic tenants), frozen. */
export function gatewayConfig(input: GatewayConfigInput = {}): GatewayConfig {
  return Object.freeze({
    host: input.host ?? '127.0.0.1',
    port: input.port ?? 0,
    httpPort: input.httpPort,
    autoTenants: input.autoTenants ?? false,
    shardCount: input.shardCount,
    maxConnectionAgeMs: input.maxConnectionAgeMs ?? 10 * 60_000,
    limits: Object.freeze({ ...DEFAULT_LIMITS, ...input.limits }),
  });
}
