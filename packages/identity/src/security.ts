import { credentials, experimental, InterceptingCall, type Interceptor, ServerCredentials } from '@grpc/grpc-js';
import type { Clock } from '@parkade/clock';
import type { PeerChannel, Security } from '@parkade/rpc';
import type { Authenticator } from './authenticator.js';
import { callGuard } from './calls/call-guard.js';
import type { CertificateFiles } from './tls/certificate-files.js';

/** The name in the certificates of the processes of a cluster (DNS, subject alternative name), unless another one is set. */
export const DEFAULT_PEER_NAME = 'parkade';

export interface SecurityConfig {
  /** Undefined: nobody is asked who they are. */
  readonly authenticator: Authenticator | undefined;
  /** Undefined: nothing is encrypted. */
  readonly certificates: CertificateFiles | undefined;
  /** What a certificate must name to be one of the cluster's. */
  readonly peerName: string;
  /** How processes know each other where they have no certificates. */
  readonly clusterToken: string | undefined;
  /** Health is served here without encryption, too, for who asks without a certificate; undefined: nowhere. */
  readonly plainHealthPort?: number | undefined;
}

/**
 * What protects a process.
 *
 *   S1. With certificates, servers ask each caller for one; who has none may still come with a token. A certificate of our CA that
 *       names the cluster makes its holder a process of it.
 *   S2. Peers are dialled at addresses that come and go, so they are known by the name of the cluster in their certificates and not by
 *       their addresses.
 */
export function securityOf(config: SecurityConfig, clock: Clock): Security {
  const { authenticator, certificates, peerName, clusterToken, plainHealthPort } = config;
  const known = certificates === undefined ? undefined : peerName;
  return {
    credentials:
      certificates === undefined
        ? ServerCredentials.createInsecure()
        : experimental.createCertificateProviderServerCredentials(certificates, certificates, false),
    guard: authenticator === undefined ? (service) => service : callGuard(authenticator, { clock, peerName: known }),
    peers: peersOf(certificates, peerName, clusterToken),
    certificate: certificates,
    plainHealthPort,
  };
}

function peersOf(
  certificates: CertificateFiles | undefined,
  peerName: string,
  clusterToken: string | undefined,
): PeerChannel {
  if (certificates !== undefined) {
    return {
      credentials: experimental.createCertificateProviderChannelCredentials(certificates, certificates),
      options: { 'grpc.ssl_target_name_override': peerName },
    };
  }
  const interceptors = clusterToken === undefined ? [] : [withToken(clusterToken)];
  return { credentials: credentials.createInsecure(), options: { interceptors } };
}

/** Sends a token with every call. For channels without encryption, to which grpc-js adds no call credentials. */
export function withToken(token: string): Interceptor {
  return (options, next) =>
    new InterceptingCall(next(options), {
      start: (metadata, listener, start) => {
        metadata.set('authorization', `Bearer ${token}`);
        start(metadata, listener);
      },
    });
}
