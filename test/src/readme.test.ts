import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePorts } from './support/ports.js';
import { CLI } from './support/process.js';

const README = fileURLToPath(new URL('../../README.md', import.meta.url));
/** What a person new to the project is promised; a busy machine may take as long. */
const FIVE_MINUTES_MS = 300_000;

/** The shell blocks under a heading of the README. */
async function blocks(heading: string): Promise<readonly string[]> {
  const text = await readFile(README, 'utf8');
  const section = text.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  return [...section.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block);
}

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'parkade-readme-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

/**
 * Runs a script as it stands but for its ports and folders, which others on this machine may use, and its build, which has been
 * done. Everything it starts is one process group, ended with it. Resolves to what it printed.
 */
async function run(script: string, ports: readonly string[]): Promise<string> {
  const free = await freePorts(ports.length);
  let own = script
    .replaceAll('/tmp/parkade-', `${directory}/`)
    .replace(/^npm ci.*\n/m, '')
    .replace(/^alias parkade.*\n/m, '');
  // All at once: a free port may have another one's digits in it.
  own = own.replace(new RegExp(ports.join('|'), 'g'), (port) => String(free[ports.indexOf(port)] ?? 0));
  // etcd and the command line have defaults where the README names none.
  own = own.replace(
    /^etcd /m,
    `etcd --listen-client-urls http://127.0.0.1:${free[0] ?? 0} --advertise-client-urls http://127.0.0.1:${free[0] ?? 0} --listen-peer-urls http://127.0.0.1:0 --log-level error `,
  );
  own = own.replace(/^nats-server /m, `nats-server -p ${free[1] ?? 0} `);
  const gateway = `127.0.0.1:${free[ports.indexOf('7275')] ?? 0}`;
  const prelude = `set -e\nparkade() { "${process.execPath}" "${CLI}" "$@"; }\n`;
  const child = spawn('bash', ['-c', prelude + own], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      HOME: directory,
      PARKADE_GATEWAY: gateway,
      PARKADE_PORT: String(free[ports.indexOf('7275')] ?? 0),
    },
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (part: string) => (text += part));
  const end = (): void => {
    try {
      process.kill(-(child.pid ?? 0), 'SIGKILL');
    } catch {
      // All of it has ended.
    }
  };
  process.once('exit', end);
  try {
    const [code] = (await once(child, 'exit')) as [number | null];
    expect([code, code === 0 ? '' : text]).toEqual([0, '']);
    return text;
  } finally {
    end();
    process.off('exit', end);
  }
}

describe('the README', () => {
  it('leads from nothing to a parked call on a real cluster in under five minutes', async () => {
    const startedMs = Date.now();
    const [cluster = ''] = await blocks('A first real cluster');
    const printed = await run(cluster, ['2379', '4222', '7275', '7278', '7276']);
    expect(printed).toMatch(/701/);
    expect(printed).toMatch(/owner-[123]/);
    expect(printed).toMatch(/call-1/);
    expect(Date.now() - startedMs).toBeLessThan(FIVE_MINUTES_MS);
  });

  it('shows by hand what it says, on one process', async () => {
    const [up = '', hand = ''] = await blocks('Try it by hand');
    const started = up.replace(/^(parkade up).*$/m, '$1 &');
    // A watch goes on until it is stopped.
    const printed = await run(`${started}\n${hand.replace(/^parkade watch.*$/m, '')}`, ['0000', '0001', '7275']);
    expect(printed).toMatch(/Ada Lovelace/);
  });
});
