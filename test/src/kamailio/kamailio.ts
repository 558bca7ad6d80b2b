import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** The real Kamailio with the configuration that is shipped, its database in a directory of its own. */
export interface RunningKamailio {
  readonly port: number;
  log(): string;
  /** Gives statements to the database, as an operator does with `sqlite3`; resolves to what they print. */
  sql(statements: string): string;
  /** Ends all of its processes; resolves when they are gone. */
  kill(): Promise<void>;
  /** Starts it again on the same port and database. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

const SHIPPED = fileURLToPath(new URL('../../../deploy/kamailio/', import.meta.url));
const START_MS = 20_000;
const KEPT_LOG = 200_000;

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) end(child);
});

export async function startKamailio(nats: string): Promise<RunningKamailio> {
  const directory = await mkdtemp(join(tmpdir(), 'parkade-kamailio-'));
  const database = join(directory, 'lamps.sqlite');
  const port = await freeUdpPort();
  const sql = (statements: string): string =>
    execFileSync('sqlite3', ['-cmd', '.timeout 5000', database], { input: statements, encoding: 'utf8' });
  const schema = await readFile(join(SHIPPED, 'schema.sql'), 'utf8');
  let child: ChildProcess | undefined;
  let log = '';
  const start = async (): Promise<void> => {
    sql(schema);
    const args = ['-DD', '-E', '-M', '16', '-m', '64', '-Y', directory, '-f', join(SHIPPED, 'kamailio.cfg')];
    const environment = {
      ...process.env,
      LAMPS_NAME: 'lamps-1',
      LAMPS_LISTEN: `udp:127.0.0.1:${port}`,
      LAMPS_NATS: nats,
      LAMPS_DATABASE: `sqlite:///${database}`,
      LAMPS_MIN_EXPIRES: '2',
    };
    // A process group of its own: ending it ends all of Kamailio's processes, and nothing else.
    const started = spawn('kamailio', args, { env: environment, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    child = started;
    running.add(started);
    for (const stream of [started.stdout, started.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (log = (log + text).slice(-KEPT_LOG)));
    }
    await answers(port, () => started.exitCode === null && started.signalCode === null).catch((error: unknown) => {
      throw new Error(`kamailio does not start: ${String(error)}\n${log}`);
    });
  };
  const kill = async (): Promise<void> => {
    if (child === undefined) return;
    const gone = child.exitCode === null && child.signalCode === null ? once(child, 'close') : undefined;
    end(child);
    await gone;
    running.delete(child);
    child = undefined;
  };
  await start();
  return {
    port,
    log: () => log,
    sql,
    kill,
    start,
    stop: async () => {
      await kill();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function end(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // All of the group has ended.
  }
}

async function freeUdpPort(): Promise<number> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  return port;
}

/** Resolves when OPTIONS is answered. */
async function answers(port: number, alive: () => boolean): Promise<void> {
  const socket = createSocket('udp4');
  try {
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    let answered = false;
    socket.once('message', () => (answered = true));
    const here = `127.0.0.1:${socket.address().port}`;
    const untilMs = Date.now() + START_MS;
    for (let i = 0; !answered; i++) {
      if (!alive()) throw new Error('it ended');
      if (Date.now() > untilMs) throw new Error('it does not answer OPTIONS');
      const text = [
        `OPTIONS sip:127.0.0.1:${port} SIP/2.0`,
        `Via: SIP/2.0/UDP ${here};branch=z9hG4bKstart${i};rport`,
        'Max-Forwards: 1',
        `From: <sip:test@127.0.0.1>;tag=${i}`,
        `To: <sip:127.0.0.1:${port}>`,
        `Call-ID: start-${i}@${here}`,
        'CSeq: 1 OPTIONS',
        'Content-Length: 0',
        '',
        '',
      ].join('\r\n');
      socket.send(text, port, '127.0.0.1');
      await delay(100);
    }
  } finally {
    socket.close();
  }
}
