/** How a flow process is set up. Times in milliseconds. */
export interface FlowConfig {
  /** Address to listen on. */
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Where gateways are, as gRPC names targets: `host:port`, or `dns:///name:port` for all behind a name. */
  readonly gateway: string;
  readonly limits: FlowLimits;
}

/** Every queue, retry, cache and time-out of a flow process has its bound here. */
export interface FlowLimits {
  /** Executions under way; past it: OVERLOADED. */
  readonly maxUnderWay: number;
  /** Stored flows kept in memory. */
  readonly maxFlows: number;
  /** The time of a caller that does not say. */
  readonly defaultTimeoutMs: number;
  /** The longest time a caller may allow; more is cut. */
  readonly maxTimeoutMs: number;
  /** A caller is answered this long before its own time ends, so that it hears why. */
  readonly answerMarginMs: number;
  /** One request to a gateway; where it breaks it is sent again with the same id. */
  readonly attemptTimeoutMs: number;
  /** Between two attempts, and between two looks at a slot that is waited for: grows from min to max. */
  readonly retryMinMs: number;
  readonly retryMaxMs: number;
}

export const DEFAULT_LIMITS: FlowLimits = {
  maxUnderWay: 4_096,
  maxFlows: 10_000,
  defaultTimeoutMs: 20_000,
  maxTimeoutMs: 60_000,
  answerMarginMs: 200,
  attemptTimeoutMs: 5_000,
  retryMinMs: 25,
  retryMaxMs: 200,
};
