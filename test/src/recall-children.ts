import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { MediaSimulator } from '@parkade/recall';

const PROCESS = fileURLToPath(new URL('../dist/recall-process.js', import.meta.url));

interface Call {
  readonly id: number;
  readonly method: 'contacts' | 'exists' | 'connect' | 'transfer' | 'ring' | 'cancel' | 'hold' | 'hangup' | 'started';
  readonly args: readonly never[];
}

/** Recall processes of a test, all at one simulated switch in this process. */
export class RecallChildren {
  readonly #children = new Map<string, ChildProcess>();

  constructor(
    private readonly media: MediaSimulator,
    private readonly endpoint: string,
    private readonly shards: number,
  ) {
    media.onLeg((legId, news) => {
      for (const child of this.#children.values()) if (child.connected) child.send({ legId, news });
    });
    process.once('exit', () => this.#killAll());
  }

  get names(): readonly string[] {
    return [...this.#children.keys()];
  }

  /** Starts a process; resolves when it has joined. */
  async start(name: string): Promise<void> {
    const child = fork(PROCESS, [this.endpoint, name, String(this.shards)], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      // What runs is what was built, not the sources the tests are run from.
      execArgv: [],
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    this.#children.set(name, child);
    await new Promise<void>((resolve, reject) => {
      child.once('exit', () => reject(new Error(`${name} has ended`)));
      child.on('message', (call: Call) => {
        if (call.method === 'started') resolve();
        else void this.#answer(child, call);
      });
    });
  }

  /** Ends a process as a crash does. */
  async kill(name: string): Promise<void> {
    const child = this.#children.get(name);
    this.#children.delete(name);
    if (child?.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  async stop(): Promise<void> {
    for (const name of this.names) await this.kill(name);
  }

  async #answer(child: ChildProcess, { id, method, args }: Call): Promise<void> {
    if (method === 'started') return;
    const run: (...args: readonly never[]) => unknown = this.media[method].bind(this.media);
    const result = await run(...args);
    if (child.connected) child.send({ id, result });
  }

  #killAll(): void {
    for (const child of this.#children.values()) child.kill('SIGKILL');
  }
}
