import type { ChannelOptions } from '@grpc/grpc-js';
import type { Clock, Random } from '@parkade/clock';

export interface EtcdStoreOptions {
  /** `host:port`, or a URL with `http:` or `https:`; at least one. The first that works is used until it fails. */
  readonly endpoints: readonly string[];
  readonly clock: Clock;
  /** Spreads reconnects; default the system's. */
  readonly random?: Random | undefined;
  /** TLS, where given or where the endpoints are `https:`; without a root certificate the system's are used. */
  readonly tls?: TlsOptions | undefined;
  /** User and password, where etcd's authentication is on. */
  readonly auth?: { readonly username: string; readonly password: string } | undefined;
  /** A watch asks for a sign of life this often; default 2,000 ms. One that is silent three times as long is opened anew. */
  readonly watchHeartbeatMs?: number | undefined;
}

/** PEM contents. `privateKey` and `certChain` go together. */
export interface TlsOptions {
  readonly rootCertificate?: Buffer | undefined;
  readonly privateKey?: Buffer | undefined;
  readonly certChain?: Buffer | undefined;
}

export const DEFAULT_TIMEOUT_MS = 5_000;
export const DEFAULT_WATCH_HEARTBEAT_MS = 2_000;

/** How long one endpoint may take to connect before the next is tried. */
export const CONNECT_TIMEOUT_MS = 1_000;

/** The pause between two rounds over endpoints that all refuse. */
export const REFUSED_PAUSE_MS = 100;

/** The wait before a broken watch is opened again doubles from the first to the last, each less a random part. */
export const WATCH_BACKOFF_MS = { first: 50, last: 2_000 } as const;

export const CHANNEL_OPTIONS: ChannelOptions = {
  // Answers are as large as what was asked for; etcd bounds what goes in.
  'grpc.max_receive_message_length': -1,
  'grpc.max_send_message_length': -1,
  // A channel has a connection of its own: keepalives do not queue behind large writes or watch events.
  'grpc.use_local_subchannel_pool': 1,
  // A transaction is sent once; a retry is the caller's decision.
  'grpc.enable_retries': 0,
  // Nobody asks for its counts, and it keeps them for every call.
  'grpc.enable_channelz': 0,
  'grpc.service_config_disable_resolution': 1,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1_000,
  // Finds a connection whose peer is silent. etcd refuses pings more often than every 5 s.
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 3_000,
  'grpc-node.flow_control_window': 4 * 1024 * 1024,
};
