import { execFile } from 'node:child_process';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CLI, type CliProcess, startCli } from './process.js';

/** How long a block may take on a busy machine. */
const BLOCK_MS = 90_000;
/** What a block begins with that starts a process of the cluster, which runs on. */
const SERVES = /^parkade (slot-shard|gateway|recall|flow|media|lamps-feed) /;

/** A page of docs/runbooks, whose `sh` blocks are run as they are written. */
export interface Runbook {
  readonly blocks: readonly string[];
  /** Runs the block that holds `text` to its end; resolves to its stdout, rejects with what it said where it fails. */
  run(text: string, environment?: NodeJS.ProcessEnv): Promise<string>;
  /** Starts the process that the block with `text` starts. */
  start(text: string, environment?: NodeJS.ProcessEnv): CliProcess;
  /** The blocks that nobody ran. */
  untried(): readonly string[];
}

/** Opens a page. Blocks run in `directory`, with `environment`, where `parkade` is the built command line. */
export async function openRunbook(page: string, directory: string, environment: NodeJS.ProcessEnv): Promise<Runbook> {
  const text = await readFile(new URL(`../../../docs/runbooks/${page}.md`, import.meta.url), 'utf8');
  const blocks = [...text.matchAll(/^( *)```sh\n([\s\S]*?)^\1```$/gm)].map(([, indent = '', block = '']) =>
    block.replaceAll(new RegExp(`^${indent}`, 'gm'), '').trim(),
  );
  const parkade = join(directory, 'parkade');
  await writeFile(parkade, `#!/bin/sh\nexec ${JSON.stringify(process.execPath)} ${JSON.stringify(CLI)} "$@"\n`);
  await chmod(parkade, 0o755);
  const tried = new Set<string>();
  const take = (part: string): string => {
    const [block, ...others] = blocks.filter((one) => one.includes(part));
    if (block === undefined || others.length > 0) throw new Error(`${page}: not one block holds ${part}`);
    tried.add(block);
    return block;
  };
  const own = { PATH: `${directory}:${process.env['PATH'] ?? ''}` };
  return {
    blocks,
    run: (part, more = {}) => {
      const block = take(part);
      const options = { cwd: directory, env: { ...own, ...environment, ...more }, timeout: BLOCK_MS };
      return new Promise((resolve, reject) => {
        execFile('sh', ['-eu', '-c', block], options, (error, stdout, stderr) => {
          if (error === null) resolve(stdout);
          else reject(new Error(`${page}: ${block}\n${stdout}${stderr}`, { cause: error }));
        });
      });
    },
    start: (part, more = {}) => {
      const block = take(part);
      if (!SERVES.test(block) || block.includes('\n')) throw new Error(`${page}: not one process: ${block}`);
      return startCli(page, block.split(' ').slice(1), { ...environment, ...more });
    },
    untried: () => blocks.filter((block) => !tried.has(block)),
  };
}
