import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** What makes Redis durable: every write synced before it is answered, or once a second. */
export type Fsync = 'always' | 'everysec';

export interface RunningRedis {
  /** Its Unix socket. */
  readonly path: string;
  readonly pid: number;
  stop(): Promise<void>;
}

const READY_WITHIN_MS = 15_000;

/** Debian's redis-server with an append-only file, on a Unix socket. Rejects where it does not come up. */
export async function startRedis(fsync: Fsync): Promise<RunningRedis> {
  const directory = await mkdtemp(join(tmpdir(), 'parkade-redis-'));
  const path = join(directory, 'socket');
  const settings = ['--port', '0', '--unixsocket', path, '--dir', directory, '--save', ''];
  const child = spawn('redis-server', [...settings, '--appendonly', 'yes', '--appendfsync', fsync], {
    stdio: 'ignore',
  });
  const orphan = (): void => void child.kill('SIGKILL');
  process.once('exit', orphan);
  await once(child, 'spawn');
  const stop = async (): Promise<void> => {
    process.off('exit', orphan);
    if (child.exitCode === null && child.signalCode === null) {
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    }
    await rm(directory, { recursive: true, force: true });
  };
  const endMs = Date.now() + READY_WITHIN_MS;
  for (;;) {
    const redis = new Redis(path);
    const up = await redis.send(['PING']).then(
      () => true,
      () => false,
    );
    redis.close();
    if (up) return { path, pid: child.pid ?? 0, stop };
    if (Date.now() < endMs) {
      await delay(20);
      continue;
    }
    await stop();
    throw new Error('redis-server did not come up');
  }
}

interface Waiting {
  readonly resolve: (reply: string) => void;
  readonly reject: (error: Error) => void;
}

/** One connection to Redis: commands of a turn of the event loop leave together; replies of one line each, as our scripts give. */
export class Redis {
  readonly #socket: Socket;
  readonly #waiting: Waiting[] = [];
  #unsent = '';
  #unread = '';

  constructor(path: string) {
    this.#socket = connect(path);
    this.#socket.setEncoding('utf8');
    this.#socket.on('data', (text: string) => this.#read(text));
    this.#socket.on('error', (error) => this.#fail(error));
    this.#socket.on('close', () => this.#fail(new Error('redis has gone')));
  }

  /** Resolves to the reply; rejects with what Redis says where that is an error. */
  send(words: readonly string[]): Promise<string> {
    if (this.#unsent === '') setImmediate(() => this.#flush());
    this.#unsent += `*${words.length}\r\n`;
    for (const word of words) this.#unsent += `$${Buffer.byteLength(word)}\r\n${word}\r\n`;
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  close(): void {
    this.#socket.destroy();
  }

  #flush(): void {
    this.#socket.write(this.#unsent);
    this.#unsent = '';
  }

  #read(text: string): void {
    const lines = (this.#unread + text).split('\r\n');
    this.#unread = lines.pop() ?? '';
    for (const line of lines) {
      // The length before a text of some bytes: the text is the next line.
      if (/^\$\d/.test(line)) continue;
      const waiting = this.#waiting.shift();
      if (line.startsWith('-')) waiting?.reject(new Error(line.slice(1)));
      else waiting?.resolve(line);
    }
  }

  #fail(error: Error): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}
