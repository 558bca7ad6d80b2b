import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { credentials, type ChannelCredentials } from '@grpc/grpc-js';
import { DEV_AUDIENCE, DEV_ISSUER, type DevKey, loadDevKey, type TlsFiles } from '@parkade/identity';
import { TestCa } from '@parkade/identity/testing';
import { startEtcd } from '../support/etcd.js';
import { startNats } from '../support/nats.js';
import type { RestPlace } from './rest-operations.js';
import { type CliProcess, runCli, startCli } from '../support/process.js';

/** Processes are known by the name of the cluster, not by the addresses they are dialled at. */
export const PEER_OPTIONS = { 'grpc.ssl_target_name_override': 'parkade' };

/** The parts that serve gRPC. */
export type Part = 'gateway' | 'recall' | 'flow' | 'media' | 'slot-shard';

/**
 * One process of each part with tokens and certificates, on an etcd and a NATS that ask for certificates, too: everything as the
 * command line sets it up.
 */
export interface SecuredCluster {
  readonly addresses: Readonly<Record<Part, string>>;
  /** The gateway's REST API. */
  readonly rest: RestPlace;
  readonly processes: readonly CliProcess[];
  readonly ca: TestCa;
  /** Of the processes. */
  readonly member: TlsFiles;
  /** Makes the tokens that are accepted. */
  readonly key: DevKey;
  /** Credentials of a channel that shows no certificate, or that of a process. */
  channel(as?: 'process'): ChannelCredentials;
  /** Runs a client command against the gateway, over TLS. */
  parkade(token: string | undefined, ...args: readonly string[]): ReturnType<typeof runCli>;
  stop(): Promise<void>;
}

const TENANTS = {
  acme: {
    lots: { default: { ranges: [{ first: '701', last: '720' }] }, sales: { ranges: [{ first: '1', last: '9' }] } },
  },
  other: { lots: { default: { ranges: [{ first: '701', last: '720' }] } } },
};

export async function startSecuredCluster(): Promise<SecuredCluster> {
  const ends: (() => unknown)[] = [];
  const stop = async (): Promise<void> => {
    for (const end of ends.splice(0).reverse()) await end();
  };
  try {
    const directory = await mkdtemp(join(tmpdir(), 'parkade-secured-'));
    ends.push(() => rm(directory, { recursive: true, force: true }));
    const ca = await TestCa.make(directory);
    const names = ['DNS:parkade', 'DNS:localhost', 'IP:127.0.0.1'];
    const [member, backend] = await Promise.all([ca.issue('member', ...names), ca.issue('backend', ...names)]);
    const key = await loadDevKey(join(directory, 'dev.jwk'), true);
    const jwks = join(directory, 'jwks.json');
    const settings = join(directory, 'settings.json');
    await writeFile(jwks, JSON.stringify(key.jwks));
    await writeFile(settings, JSON.stringify({ tenants: TENANTS }));

    const etcdTls = ['--cert-file', backend.cert, '--key-file', backend.key, '--trusted-ca-file', ca.ca];
    const natsTls = ['--tlscert', backend.cert, '--tlskey', backend.key, '--tlscacert', ca.ca, '--tlsverify'];
    const [etcd, nats] = await Promise.all([
      startEtcd({ tls: true, extraArgs: [...etcdTls, '--client-cert-auth'] }),
      startNats(natsTls),
    ]);
    ends.push(() => Promise.all([etcd.stop(), nats.stop()]));

    const backends = {
      PARKADE_ETCD: etcd.endpoint,
      PARKADE_ETCD_CA: ca.ca,
      PARKADE_ETCD_CERT: member.cert,
      PARKADE_ETCD_KEY: member.key,
    };
    const environment = {
      ...backends,
      PARKADE_NATS: nats.url,
      PARKADE_NATS_CA: ca.ca,
      PARKADE_NATS_CERT: member.cert,
      PARKADE_NATS_KEY: member.key,
      PARKADE_TLS_CERT: member.cert,
      PARKADE_TLS_KEY: member.key,
      PARKADE_TLS_CA: ca.ca,
      PARKADE_AUTH: 'jwt',
      PARKADE_JWKS: jwks,
      PARKADE_ISSUER: DEV_ISSUER,
      PARKADE_AUDIENCE: DEV_AUDIENCE,
      PARKADE_PORT: '0',
      PARKADE_SHARDS: '4',
      PARKADE_LEASE_TTL: '2s',
      PARKADE_ESL_PASSWORD: 'secret-of-the-switch',
    };
    const applied = await runCli(['settings', 'apply', settings], backends);
    if (applied.code !== 0) throw new Error(applied.stderr);
    const processes: CliProcess[] = [];
    const start = async (part: Part, ...args: readonly string[]): Promise<string> => {
      const child = startCli(part, [part, ...args], environment);
      processes.push(child);
      ends.push(async () => {
        child.signal('SIGKILL');
        await child.ended();
      });
      return (await child.printed(/^listening on (\S+)$/m, 60_000))[1] ?? '';
    };
    const [owner, gateway, recall] = await Promise.all([
      start('slot-shard'),
      start('gateway', '--http-port', '0'),
      start('recall'),
    ]);
    const [, url = ''] = (await processes[1]?.printed(/^REST API on (https:\S+?)\/api\/docs\/$/m, 60_000)) ?? [];
    const [flow, media] = await Promise.all([
      start('flow', '--gateway', gateway),
      start('media', '--gateway', gateway),
    ]);
    const [root, cert, secret] = await Promise.all([ca.ca, member.cert, member.key].map((path) => readFile(path)));
    return {
      addresses: { gateway, recall, flow, media, 'slot-shard': owner },
      rest: { url, ca: await readFile(ca.ca) },
      processes,
      ca,
      member,
      key,
      channel: (as) => credentials.createSsl(root ?? null, ...(as === undefined ? [] : [secret, cert])),
      parkade: (token, ...args) =>
        runCli(args, {
          PARKADE_GATEWAY: gateway,
          PARKADE_SERVER_NAME: 'parkade',
          PARKADE_TENANT: 'acme',
          PARKADE_TIMEOUT: '30s',
          PARKADE_CA: ca.ca,
          ...(token === undefined ? {} : { PARKADE_TOKEN: token }),
        }),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
