import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { Client, credentials } from '@grpc/grpc-js';
import type { Probe } from 'kubernetes-types/core/v1.js';
import { CLI } from '../process.js';
import type { PlacedPod } from './loopback.js';

const KEPT_LOG = 50_000;
const LOOK_EVERY_MS = 50;

/** A container of rendered manifests, run as a process. */
export interface PodProcess {
  readonly pod: PlacedPod;
  log(): string;
  /** What the probe says now; a process that is not there fails it. */
  probe(name: 'startupProbe' | 'readinessProbe' | 'livenessProbe'): Promise<boolean>;
  /** Resolves when the probe says yes; rejects with the log after `withinMs`. */
  until(name: 'readinessProbe' | 'livenessProbe', withinMs: number): Promise<void>;
  /** Sends a signal that does not end it; does nothing when it has ended. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void;
  /** Sends a signal; resolves to the exit code, undefined where a signal ended it. Nothing happens when it has ended. */
  end(signal: NodeJS.Signals): Promise<number | undefined>;
}

/** Everything started and not yet ended, so that nothing outlives the tests, also when they fail. */
const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Starts a container's command with its environment and nothing else but the path to programs. */
export function startPod(pod: PlacedPod): PodProcess {
  const [path = '', ...args] = pod.command;
  // The image links `parkade` to the built command line; other programs are looked up where this machine has them.
  const program = path.split('/').at(-1) ?? '';
  const words = program === 'parkade' ? [process.execPath, CLI, ...args] : [program, ...args];
  const env = { PATH: process.env['PATH'], ...pod.environment };
  const child = spawn(words[0] ?? '', words.slice(1), { stdio: ['ignore', 'pipe', 'pipe'], env });
  running.add(child);
  let text = '';
  let failure: Error | undefined;
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => (text = (text + chunk).slice(-KEPT_LOG)));
  child.once('error', (error) => (failure = error));
  child.once('exit', () => running.delete(child));
  const over = (): boolean => failure !== undefined || child.exitCode !== null || child.signalCode !== null;
  const tell = (): string => `${pod.name}: ${pod.command.join(' ')}\n${failure?.message ?? ''}${text}`;
  const probe: PodProcess['probe'] = (name) => ask(pod.addressOf(pod.container[name]), pod.container[name], program);
  return {
    pod,
    log: tell,
    probe,
    until: async (name, withinMs) => {
      const untilMs = Date.now() + withinMs;
      while (!(await probe(name))) {
        if (over() || Date.now() > untilMs) throw new Error(`${name} does not hold: ${tell()}`);
        await delay(LOOK_EVERY_MS);
      }
    },
    signal: (signal) => {
      if (!over()) child.kill(signal);
    },
    end: async (signal) => {
      if (!over()) {
        const exited = once(child, 'exit');
        child.kill(signal);
        await exited;
      }
      return child.exitCode ?? undefined;
    },
  };
}

/** Asks as the kubelet does: health over gRPC, or a status below 400 over HTTP. */
async function ask(address: string, probe: Probe | undefined, program: string): Promise<boolean> {
  const waitMs = 1_000 * (probe?.timeoutSeconds ?? 1);
  if (probe?.grpc !== undefined) return (await healthOf(address, probe.grpc.service ?? '', waitMs)) === SERVING;
  // Debian's etcd 3.4 has neither /readyz nor /livez, which came with 3.4.29 and 3.5.11: it is asked what they ask.
  const path = program === 'etcd' ? '/health' : (probe?.httpGet?.path ?? '/');
  try {
    const { ok } = await fetch(`http://${address}${path}`, { signal: AbortSignal.timeout(waitMs) });
    return ok;
  } catch {
    return false;
  }
}

const SERVING = 1;

/** The status in the answer of `grpc.health.v1`, 0 where nobody answers in time. */
function healthOf(address: string, service: string, waitMs: number): Promise<number> {
  const client = new Client(address, credentials.createInsecure());
  // The request is one text in field 1, the answer one varint in field 1.
  const name = Buffer.from(service);
  const request = Buffer.concat([Buffer.from([10, name.length]), name]);
  const read = (answer: Buffer): number => (answer[0] === 8 ? (answer[1] ?? 0) : 0);
  return new Promise((resolve) => {
    client.makeUnaryRequest(
      '/grpc.health.v1.Health/Check',
      () => request,
      read,
      undefined,
      { deadline: Date.now() + waitMs },
      (error, status) => {
        client.close();
        resolve(error === null ? (status ?? 0) : 0);
      },
    );
  });
}
