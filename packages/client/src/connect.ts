import { credentials } from '@grpc/grpc-js';
import { SystemClock, SystemRandom } from '@parkade/clock';
import { Gateways } from './gateways.js';
import { ParkadeError } from './parkade-error.js';
import type { Parks } from './parks.js';
import { TenantParks } from './tenant-parks.js';

export interface ConnectOptions {
  /** `host:port` of the gateways, or gRPC targets such as `dns:///parkade-gateway:7275`. Any of them serves; give at least two. */
  readonly gateways: readonly string[];
  /** The bearer token, or what gets one: asked before each attempt, so keep it cheap. */
  readonly token?: string | (() => string | Promise<string>) | undefined;
  /** PEM. `ca` alone: TLS; with `cert` and `key`: mutual TLS. Default: no encryption. */
  readonly tls?: { readonly ca: Uint8Array; readonly cert?: Uint8Array; readonly key?: Uint8Array } | undefined;
  /** How long a request goes on being tried; default 10,000 ms. */
  readonly timeoutMs?: number | undefined;
  /** How long one gateway may take before the next is asked; default 3,000 ms. */
  readonly attemptMs?: number | undefined;
}

/** A cluster, as seen by a service. */
export interface Parkade {
  /** What a tenant has parked. Cheap: keep it or ask again. */
  tenant(tenantId: string): Parks;
  /** Ends all connections; what is under way is cancelled. */
  close(): void;
}

/** Connects when it is first used; nothing is sent by this. Throws `ParkadeError` without an address. */
export function connect({ gateways, token, tls, timeoutMs = 10_000, attemptMs = 3_000 }: ConnectOptions): Parkade {
  if (gateways.length === 0) {
    throw new ParkadeError(undefined, 'INVALID_ARGUMENT', 'Name at least one gateway, such as 127.0.0.1:7275.');
  }
  const channel =
    tls === undefined
      ? credentials.createInsecure()
      : credentials.createSsl(pem(tls.ca), pem(tls.key) ?? null, pem(tls.cert) ?? null);
  const clock = new SystemClock();
  const random = new SystemRandom();
  const getToken = typeof token === 'string' ? () => token : token;
  const config = { addresses: gateways, credentials: channel, token: getToken, timeoutMs, attemptMs };
  const all = new Gateways(config, clock, random);
  return {
    tenant: (tenantId) => new TenantParks(tenantId, all, clock, random),
    close: () => all.close(),
  };
}

function pem(bytes: Uint8Array | undefined): Buffer | undefined;
function pem(bytes: Uint8Array): Buffer;
function pem(bytes: Uint8Array | undefined): Buffer | undefined {
  return bytes === undefined ? undefined : Buffer.from(bytes);
}
