import { flag } from './flags.js';

/** What protects a process: of every command that serves. */
export const SECURITY_FLAGS = [
  flag(
    '--auth <mode>',
    'who may call: jwt (tokens of an identity provider), dev (tokens of a key made here, loopback only), open (anybody)',
    'PARKADE_AUTH',
  ),
  flag('--jwks <file|url>', 'with --auth jwt: the keys tokens are signed with', 'PARKADE_JWKS'),
  flag('--issuer <text>', 'with --auth jwt: what the claim iss must be', 'PARKADE_ISSUER'),
  flag('--audience <text>', 'with --auth jwt: what the claim aud must hold', 'PARKADE_AUDIENCE'),
  flag('--jwt-claim <name>', 'the claim that holds the rights (default: parkade)', 'PARKADE_JWT_CLAIM'),
  flag(
    '--jwt-algorithms <name,...>',
    'the signatures that are accepted (default: all asymmetric)',
    'PARKADE_JWT_ALGORITHMS',
  ),
  flag(
    '--auth-key <file>',
    'with --auth dev: keep the key here, for every process and parkade token',
    'PARKADE_AUTH_KEY',
  ),
  flag(
    '--cluster-token <file>',
    'the secret by which processes without certificates know each other',
    'PARKADE_CLUSTER_TOKEN',
  ),
  flag('--tls-cert <file>', 'the certificate of this process (PEM)', 'PARKADE_TLS_CERT'),
  flag('--tls-key <file>', 'its private key (PEM)', 'PARKADE_TLS_KEY'),
  flag('--tls-ca <file>', 'the CA of the processes of the cluster (PEM)', 'PARKADE_TLS_CA'),
  flag('--tls-peer-name <name>', 'the name in their certificates (default: parkade)', 'PARKADE_TLS_PEER_NAME'),
  flag(
    '--health-port <port>',
    'with TLS: serve health here without it, for probes that know no TLS',
    'PARKADE_HEALTH_PORT',
  ),
] as const;

/** How etcd is reached over TLS: of every command with --etcd. */
export const ETCD_TLS_FLAGS = [
  flag('--etcd-ca <file>', 'reach etcd over TLS, with this CA (PEM)', 'PARKADE_ETCD_CA'),
  flag('--etcd-cert <file>', 'the certificate shown to etcd (PEM)', 'PARKADE_ETCD_CERT'),
  flag('--etcd-key <file>', 'its private key (PEM)', 'PARKADE_ETCD_KEY'),
] as const;

/** How NATS is reached over TLS: of every command with --nats. */
export const NATS_TLS_FLAGS = [
  flag('--nats-ca <file>', 'reach NATS over TLS, with this CA (PEM)', 'PARKADE_NATS_CA'),
  flag('--nats-cert <file>', 'the certificate shown to NATS (PEM)', 'PARKADE_NATS_CERT'),
  flag('--nats-key <file>', 'its private key (PEM)', 'PARKADE_NATS_KEY'),
] as const;

/** How a client shows who it is: of every command that talks to a gateway. */
export const CLIENT_SECURITY_FLAGS = [
  flag('--token <token>', 'who you are; better from the environment', 'PARKADE_TOKEN'),
  flag('--ca <file>', 'reach the gateway over TLS, with this CA (PEM)', 'PARKADE_CA'),
  flag(
    '--server-name <name>',
    'the name in the gateway’s certificate (default: as in --gateway)',
    'PARKADE_SERVER_NAME',
  ),
  flag('--cert <file>', 'the certificate shown to the gateway (PEM)', 'PARKADE_CERT'),
  flag('--key <file>', 'its private key (PEM)', 'PARKADE_KEY'),
] as const;
