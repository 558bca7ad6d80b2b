import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from './ports.js';
import { stopped } from './stopped.js';

/** A nats-server with JetStream, run for a test on a loopback port that it keeps over restarts. */
export interface TestNats {
  /** `nats://127.0.0.1:<port>` */
  readonly url: string;
  /** The process now running; another one after `restart`. */
  readonly pid: number;
  /** Where the server stores its streams. */
  readonly directory: string;
  /** Ends the server and removes what it stored. */
  stop(): Promise<void>;
  /** Sends a signal; resolves when it has ended or stopped the server, where it does. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Ends the server (at once, as a crash does) where it still runs, and starts it again; `wipe` removes what it stored. */
  restart(options?: { wipe?: boolean }): Promise<void>;
}

const READY_WITHIN_MS = 15_000;

/** Starts a server; resolves when it takes connections with JetStream. `extraArgs` are added to its command line. */
export async function startNats(extraArgs: readonly string[] = []): Promise<TestNats> {
  const [port = 0] = await freePorts(1);
  const directory = await mkdtemp(join(tmpdir(), 'parkade-nats-'));
  let server = await launch(port, directory, extraArgs);
  return {
    url: `nats://127.0.0.1:${port}`,
    directory,
    get pid() {
      return server.pid ?? 0;
    },
    async stop() {
      await end(server, 'SIGKILL');
      await rm(directory, { recursive: true, force: true });
    },
    async kill(signal) {
      if (signal === 'SIGSTOP' || signal === 'SIGCONT') {
        server.kill(signal);
        if (signal === 'SIGSTOP') await stopped(server.pid ?? 0);
      } else await end(server, signal);
    },
    async restart({ wipe = false } = {}) {
      await end(server, 'SIGKILL');
      if (wipe) await rm(directory, { recursive: true, force: true });
      server = await launch(port, directory, extraArgs);
    },
  };
}

async function launch(port: number, directory: string, extraArgs: readonly string[]): Promise<ChildProcess> {
  const args = ['-js', '-sd', directory, '-a', '127.0.0.1', '-p', String(port), ...extraArgs];
  const server = spawn('nats-server', args, { stdio: 'ignore' });
  const orphan = (): void => void server.kill('SIGKILL');
  process.once('exit', orphan);
  server.once('exit', () => process.off('exit', orphan));
  await once(server, 'spawn');
  const endMs = Date.now() + READY_WITHIN_MS;
  while (!(await isReady(port))) {
    if (server.exitCode !== null || Date.now() > endMs) {
      await end(server, 'SIGKILL');
      throw new Error(`nats-server did not come up on port ${port} (exit code ${server.exitCode ?? 'none'})`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return server;
}

async function end(server: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const exited = once(server, 'exit');
  server.kill(signal);
  await exited;
}

/** Whether the server greets with JetStream on. */
function isReady(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const done = (ready: boolean): void => {
      socket.destroy();
      resolve(ready);
    };
    socket.setTimeout(1_000, () => done(false));
    socket.once('error', () => done(false));
    socket.once('close', () => done(false));
    socket.once('data', (greeting) => done(greeting.toString().includes('"jetstream":true')));
  });
}
