import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePorts } from './ports.js';
import { stopped } from './stopped.js';

/** One real etcd for a test, on loopback ports of its own, with its data in a temporary directory. */
export interface RunningEtcd {
  readonly endpoint: string;
  /** Where its data is, to be replaced while it does not run. */
  readonly dataDir: string;
  /** The process of the moment; another one after `restart`. */
  readonly pid: number;
  /** The certificate to trust, of an etcd that serves over TLS. */
  rootCertificate(): Promise<Buffer>;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
  /** Sends a signal; waits until it has ended or stopped the process, where it does. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Starts it again on the same ports and data; it must have ended. */
  restart(): Promise<void>;
}

/** Everything started and not yet stopped, so that no etcd outlives the tests, also when they fail. */
const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

const START_TIMEOUT_MS = 20_000;

/** How etcd is started, besides what every test needs. */
export interface EtcdOptions {
  /** Added to its command line. */
  readonly extraArgs?: readonly string[] | undefined;
  /** Puts something between the members: resolves to the `host:port` that reaches a member's peer port. */
  readonly peersThrough?: ((member: number, port: number) => Promise<string>) | undefined;
  /** Serves clients over TLS, with a certificate etcd makes itself: `rootCertificate()`. */
  readonly tls?: boolean | undefined;
}

/** Starts one etcd and resolves when it answers. */
export async function startEtcd(options: EtcdOptions = {}): Promise<RunningEtcd> {
  const [member] = await startEtcdCluster(1, options);
  if (member === undefined) throw new Error('no member');
  return member;
}

/** Starts a cluster of `size` members and resolves when all of them answer. */
export async function startEtcdCluster(size: number, options: EtcdOptions = {}): Promise<readonly RunningEtcd[]> {
  const ports = await freePorts(2 * size);
  const { peersThrough = (_, port) => Promise.resolve(`127.0.0.1:${port}`) } = options;
  const peers = await Promise.all(
    Array.from({ length: size }, async (_, i) => {
      const port = ports[2 * i] ?? 0;
      return { listens: `http://127.0.0.1:${port}`, reached: `http://${await peersThrough(i + 1, port)}` };
    }),
  );
  const cluster = peers.map(({ reached }, i) => `member-${i}=${reached}`).join(',');
  return Promise.all(
    peers.map((peer, i) => startMember(`member-${i}`, peer, `127.0.0.1:${ports[2 * i + 1] ?? 0}`, cluster, options)),
  );
}

async function startMember(
  name: string,
  peer: { readonly listens: string; readonly reached: string },
  endpoint: string,
  cluster: string,
  { extraArgs = [], tls = false }: EtcdOptions,
): Promise<RunningEtcd> {
  const dataDir = await mkdtemp(join(tmpdir(), 'parkade-etcd-'));
  const url = `${tls ? 'https' : 'http'}://${endpoint}`;
  const args = [
    ...['--name', name, '--data-dir', dataDir, '--log-level', 'error', '--max-txn-ops', '128'],
    ...['--listen-client-urls', url, '--advertise-client-urls', url],
    ...[
      '--listen-peer-urls',
      peer.listens,
      '--initial-advertise-peer-urls',
      peer.reached,
      '--initial-cluster',
      cluster,
    ],
    ...(tls ? ['--auto-tls'] : []),
    ...extraArgs,
  ];
  let child = await launch(args, endpoint, tls);

  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  };

  return {
    endpoint,
    dataDir,
    get pid() {
      return child.pid ?? 0;
    },
    rootCertificate: () => readFile(join(dataDir, 'fixtures', 'client', 'cert.pem')),
    stop: async () => {
      await end('SIGKILL');
      await rm(dataDir, { recursive: true, force: true });
    },
    kill: async (signal) => {
      if (signal === 'SIGKILL' || signal === 'SIGTERM') await end(signal);
      else child.kill(signal);
      if (signal === 'SIGSTOP') await stopped(child.pid ?? 0);
    },
    restart: async () => {
      child = await launch(args, endpoint, tls);
    },
  };
}

async function launch(args: readonly string[], endpoint: string, tls: boolean): Promise<ChildProcess> {
  const child = spawn('etcd', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  running.add(child);
  child.once('exit', () => running.delete(child));
  let log = '';
  child.stderr.setEncoding('utf8');
  child.stderr.on('data', (text: string) => {
    log = (log + text).slice(-4_000);
  });
  const failed = new Promise<never>((_, reject) => child.once('error', reject));
  failed.catch(() => undefined);
  const deadlineMs = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < deadlineMs && child.exitCode === null) {
    if (await Promise.race([tls ? accepts(endpoint) : isHealthy(endpoint), failed])) return child;
    await delay(25);
  }
  child.kill('SIGKILL');
  throw new Error(`etcd did not start on ${endpoint}:\n${log}`);
}

async function isHealthy(endpoint: string): Promise<boolean> {
  try {
    const response = await fetch(`http://${endpoint}/health`, { signal: AbortSignal.timeout(1_000) });
    return response.ok && (await response.text()).includes('"true"');
  } catch {
    return false;
  }
}

/** Whether something listens there; over TLS that has to do, as the certificate is not known yet. */
function accepts(endpoint: string): Promise<boolean> {
  const [host = '', port = ''] = endpoint.split(':');
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(port) });
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
    socket.setTimeout(1_000, () => socket.destroy());
    socket.once('connect', () => socket.destroy());
  });
}
