import { type ChannelCredentials, type ClientOptions, credentials, ServerCredentials } from '@grpc/grpc-js';
import type { Refused } from './refused.js';
import type { MountedService } from './server.js';

/** What a process of the cluster says in its calls to gateways: its role. Believed only where nobody is asked who calls. */
export const PROCESS_HEADER = 'parkade-process';

/** For whom such a process asks, as `parkade.slot.v1.Actor`: somebody whose rights were checked where he asked. */
export const ACTOR_HEADER = 'parkade-actor-bin';

/** How a process reaches the others of its cluster. */
export interface PeerChannel {
  readonly credentials: ChannelCredentials;
  /** To be merged last into the options of each channel. */
  readonly options: ClientOptions;
}

/** The lot a park is in; a park never changes its lot. A refusal where it is not known. */
export type LotOf = (tenantId: string, parkId: string) => Promise<string | Refused>;

/** A certificate and its key (PEM). */
export interface CertificatePem {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** The certificate of a process for its servers that are not gRPC; it may be replaced while they run. */
export interface ServerCertificate {
  readonly current: CertificatePem;
  /** Calls `listener` with each that comes after `current`; returns how to stop that. */
  onChange(listener: (pem: CertificatePem) => void): () => void;
}

/** What protects a process: who reaches its servers, what they may do there, and how it shows others who it is. */
export interface Security {
  /** Of its servers. */
  readonly credentials: ServerCredentials;
  /**
   * Puts the question who calls, and whether they may, before every RPC of a service. With `lotOf` also callers with rights in
   * single lots may name a park by its id.
   */
  readonly guard: (service: MountedService, lotOf?: LotOf) => MountedService;
  /** Of its channels to other processes. */
  readonly peers: PeerChannel;
  /** Of its servers that are not gRPC. Undefined: they do not encrypt. */
  readonly certificate?: ServerCertificate | undefined;
  /**
   * Where health alone is served without encryption, besides: probes of Kubernetes speak gRPC without TLS. Undefined: nowhere.
   */
  readonly plainHealthPort?: number | undefined;
}

/** Nothing is encrypted and nobody is asked: for loopback, and for tests. */
export const NO_SECURITY: Security = {
  credentials: ServerCredentials.createInsecure(),
  guard: (service) => service,
  peers: { credentials: credentials.createInsecure(), options: {} },
};
