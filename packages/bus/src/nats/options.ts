import type { Clock, Random } from '@parkade/clock';
import type { ConnectionOptions, TlsOptions } from 'nats';
import { credsAuthenticator } from 'nats';

/** Who this client is to the server; at most one of the kinds. */
export type NatsCredentials =
  | { readonly kind: 'password'; readonly user: string; readonly pass: string }
  | { readonly kind: 'token'; readonly token: string }
  /** The contents of a `.creds` file. */
  | { readonly kind: 'creds'; readonly contents: Uint8Array };

export interface NatsOptions {
  /** `host:port` each; any of them is connected to, in random order. */
  readonly servers: readonly string[];
  /** How many servers keep each stream: 1, 3 or 5. Default 1. */
  readonly replicas?: number | undefined;
  readonly credentials?: NatsCredentials | undefined;
  /** TLS settings; given, a server without TLS is refused. */
  readonly tls?: TlsOptions | undefined;
  /** The name that the server's monitoring shows. Default `parkade`. */
  readonly clientName?: string | undefined;
}

export interface NatsBusDeps {
  readonly clock: Clock;
  readonly random: Random;
  /** What a subscriber's `onMessage` threw. Default: thrown again, where nothing catches it. */
  readonly onHandlerError?: ((error: unknown) => void) | undefined;
  /** What went wrong in the background and is being tried again; for the log. Default: nothing. */
  readonly onFault?: ((doing: string, error: unknown) => void) | undefined;
}

/** A server that is silent for three intervals is given up, in milliseconds. */
const PING_INTERVAL_MS = 2_000;

/** The options of one connection of the `nats` client. It does not reconnect: a new one is made instead. */
export function connectionOptions(options: NatsOptions): ConnectionOptions {
  return {
    servers: [...options.servers],
    name: options.clientName ?? 'parkade',
    reconnect: false,
    timeout: 2_000,
    pingInterval: PING_INTERVAL_MS,
    maxPingOut: 2,
    noAsyncTraces: true,
    ...(options.tls === undefined ? {} : { tls: options.tls }),
    ...login(options.credentials),
  };
}

function login(credentials: NatsCredentials | undefined): ConnectionOptions {
  switch (credentials?.kind) {
    case undefined:
      return {};
    case 'password':
      return { user: credentials.user, pass: credentials.pass };
    case 'token':
      return { token: credentials.token };
    case 'creds':
      return { authenticator: credsAuthenticator(credentials.contents) };
  }
}
