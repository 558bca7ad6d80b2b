import { Metadata } from '@grpc/grpc-js';
import type { Clock } from '@parkade/clock';
import {
  type Authenticator,
  DEFAULT_PEER_NAME,
  DEV_AUDIENCE,
  DEV_ISSUER,
  type DevKey,
  securityOf,
  servicesOnly,
  TokenAuthenticator,
} from '@parkade/identity';
import type { Log, Security } from '@parkade/rpc';

/** A bench is over by then. */
const TOKEN_MS = 12 * 3_600_000;

/** How processes and clients of a bench know each other: as with `--auth jwt` and a cluster token. What a process does not need is left out. */
export interface Trust {
  /** The keys that tokens are signed with. */
  readonly jwks?: unknown;
  /** The secret of the processes of the cluster. */
  readonly clusterToken?: string;
  /** What a client shows. */
  readonly token?: string;
  /** What it shows for a tenant instead, where each call is by that tenant's own application. */
  readonly tokens?: Readonly<Record<string, string>>;
}

/** A token of somebody who may park and retrieve in these tenants, as the application of a carrier has one; without any, an operator's. */
export function tokenFor(key: DevKey, nowMs: number, tenants?: readonly string[]): Promise<string> {
  const roles = ['park', 'retrieve'];
  const rights =
    tenants === undefined
      ? { operator: true }
      : { tenants: Object.fromEntries(tenants.map((tenant) => [tenant, { roles }])) };
  return key.mint({ subject: 'bench', rights, nowMs, expiresAtMs: nowMs + TOKEN_MS });
}

/** What protects a gateway: every token is checked. */
export async function openTrust(
  { jwks, clusterToken }: Trust,
  deps: { readonly clock: Clock; readonly log: Log },
): Promise<{ readonly security: Security; readonly authenticator: Authenticator }> {
  const keys = (): Promise<unknown> => Promise.resolve(jwks);
  const config = { keys, issuer: DEV_ISSUER, audience: DEV_AUDIENCE, clusterToken };
  const authenticator = await TokenAuthenticator.start(config, deps);
  return { authenticator, security: secured(authenticator, clusterToken, deps.clock) };
}

/** What protects a process that serves the others of its cluster alone. */
export function innerTrust({ clusterToken }: Trust, clock: Clock): Security {
  return secured(servicesOnly(clusterToken), clusterToken, clock);
}

function secured(authenticator: Authenticator, clusterToken: string | undefined, clock: Clock): Security {
  return securityOf({ authenticator, certificates: undefined, peerName: DEFAULT_PEER_NAME, clusterToken }, clock);
}

/** What a client sends with each call: made once. */
export function bearer(token = ''): Metadata {
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${token}`);
  return metadata;
}
