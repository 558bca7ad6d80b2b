import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** One real etcd for a test, on loopback ports of its own, with its data in a temporary directory. */
export interface RunningEtcd {
  readonly endpoint: string;
  /** The process of the moment; another one after `restart`. */
  readonly pid: number;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
  /** Sends a signal; waits for the end of the process where the signal ends it. */
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

/** Starts etcd and resolves when it answers. `extraArgs` are added to its command line. */
export async function startEtcd(extraArgs: readonly string[] = []): Promise<RunningEtcd> {
  const dataDir = await mkdtemp(join(tmpdir(), 'parkade-etcd-'));
  const [clientPort, peerPort] = await freePorts();
  const endpoint = `127.0.0.1:${clientPort}`;
  const peer = `http://127.0.0.1:${peerPort}`;
  const args = [
    ...['--name', 'etcd', '--data-dir', dataDir, '--log-level', 'error', '--max-txn-ops', '128'],
    ...['--listen-client-urls', `http://${endpoint}`, '--advertise-client-urls', `http://${endpoint}`],
    ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer, '--initial-cluster', `etcd=${peer}`],
    ...extraArgs,
  ];
  let child = await launch(args, endpoint);

  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  };

  return {
    endpoint,
    get pid() {
      return child.pid ?? 0;
    },
    stop: async () => {
      await end('SIGKILL');
      await rm(dataDir, { recursive: true, force: true });
    },
    kill: async (signal) => {
      if (signal === 'SIGKILL' || signal === 'SIGTERM') await end(signal);
      else child.kill(signal);
    },
    restart: async () => {
      child = await launch(args, endpoint);
    },
  };
}

async function launch(args: readonly string[], endpoint: string): Promise<ChildProcess> {
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
    if (await Promise.race([isHealthy(endpoint), failed])) return child;
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

/** Two ports that were free a moment ago. */
async function freePorts(): Promise<[number, number]> {
  const servers = [createServer(), createServer()];
  const ports: number[] = [];
  for (const server of servers) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address !== null && typeof address === 'object') ports.push(address.port);
  }
  for (const server of servers) {
    server.close();
    await once(server, 'close');
  }
  const [first = 0, second = 0] = ports;
  return [first, second];
}
