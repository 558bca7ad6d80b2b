import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Asks, Question, Ready, Reply, Role, RoleSetup } from './messages.js';

const ENTRY = fileURLToPath(new URL('./entry.js', import.meta.url));

/** Set to a directory, every process writes its CPU profile there when it ends. */
const PROFILES = process.env['PARKADE_BENCH_PROFILES'];

/** What production gives to Node: `NODE_OPTIONS` of deploy/k8s. */
const NODE_OPTIONS: Partial<Readonly<Record<Role, readonly string[]>>> = {
  owner: ['--max-semi-space-size=64'],
  gateway: ['--max-semi-space-size=64'],
  'limit-owner': ['--max-semi-space-size=64'],
  'limit-log-owner': ['--max-semi-space-size=64'],
  'bare-gateway': ['--max-semi-space-size=64'],
};

/** All that run; ended with this process, whatever happens to it. */
const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** One process of a bench, asked over IPC. */
export class BenchProcess {
  readonly #waiting = new Map<number, { resolve: (answer: unknown) => void; reject: (error: Error) => void }>();
  #asked = 0;

  private constructor(
    readonly name: string,
    readonly address: string,
    private readonly child: ChildProcess,
  ) {
    child.on('message', (reply: Reply) => {
      const waiting = this.#waiting.get(reply.id);
      this.#waiting.delete(reply.id);
      if ('error' in reply) waiting?.reject(new Error(`${name}: ${reply.error}`));
      else waiting?.resolve(reply.answer);
    });
    child.once('exit', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`${name} has ended`));
      this.#waiting.clear();
    });
  }

  /** Starts it, from another checkout where that is said, and waits until it is ready. Rejects when it ends before. */
  static async start(setup: RoleSetup, checkout?: string): Promise<BenchProcess> {
    const entry = checkout === undefined ? ENTRY : join(checkout, 'bench/dist/processes/entry.js');
    const profile = PROFILES === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${PROFILES}/${setup.role}`];
    const execArgv = [...profile, ...(NODE_OPTIONS[setup.role] ?? []), '--enable-source-maps'];
    const child = fork(entry, [JSON.stringify(setup)], { execArgv });
    running.add(child);
    child.once('exit', () => running.delete(child));
    const ended = once(child, 'exit').then(() => Promise.reject(new Error(`${setup.role} ended before it was ready`)));
    const [ready] = (await Promise.race([once(child, 'message'), ended])) as [Ready];
    return new BenchProcess(setup.role, ready.address, child);
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  ask<Ask extends keyof Asks>(ask: Ask, argument: Asks[Ask]['argument']): Promise<Asks[Ask]['answer']> {
    const id = ++this.#asked;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (answer: unknown) => void, reject });
      this.child.send({ id, ask, argument } satisfies Question);
    });
  }

  /** Ends it at once, as a crash does; resolves when it has ended. */
  async kill(): Promise<void> {
    const exited = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exited;
  }

  /** Ends it; a profile is written first. */
  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = once(this.child, 'exit');
    this.child.disconnect();
    await exited;
  }
}
