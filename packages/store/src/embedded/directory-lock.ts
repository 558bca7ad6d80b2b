import { mkdir, readFile, realpath, rename, rm, writeFile, link } from 'node:fs/promises';
import { join } from 'node:path';
import { StoreError } from '../store.js';

/** How often a lock that vanished or went stale meanwhile is tried for again. */
const MAX_ATTEMPTS = 10;

/** The directories locked by this process; a lock file with our own id is ours only if it is here. */
const heldHere = new Set<string>();

/**
 * Makes this process the only user of `directory` (created where missing) until the returned function is called.
 *
 *   K1. The lock is a file naming its process; it appears with its content in one step (`link`).
 *   K2. A lock whose process is gone is stale: it is moved aside, and only one process can move the same file.
 *
 * Throws `StoreError('unavailable')` where another process holds it. Processes that do not see each other's process ids
 * (containers that share a volume) are not told apart: such a volume must have one user at a time.
 */
export async function lockDirectory(directory: string): Promise<() => Promise<void>> {
  await mkdir(directory, { recursive: true });
  const real = await realpath(directory);
  if (heldHere.has(real)) throw held(directory, 'this process');
  heldHere.add(real);
  try {
    const file = join(real, 'lock');
    const own = `${process.pid} ${await startOf(process.pid)}\n`;
    await acquire(directory, file, own);
    return async () => {
      heldHere.delete(real);
      if ((await readOrUndefined(file)) === own) await rm(file, { force: true });
    };
  } catch (error: unknown) {
    heldHere.delete(real);
    throw error;
  }
}

async function acquire(directory: string, file: string, own: string): Promise<void> {
  const draft = `${file}.${process.pid}`;
  await writeFile(draft, own);
  try {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      if (await linked(draft, file)) return;
      const content = await readOrUndefined(file);
      if (content === undefined) continue;
      if (content !== own && (await isAlive(content))) throw held(directory, `process ${content.trim()}`);
      await moveAside(file, content);
    }
    throw held(directory, 'another process');
  } finally {
    await rm(draft, { force: true });
  }
}

/** Moves a stale lock away; puts it back where it turned out to be a newer one. */
async function moveAside(file: string, stale: string): Promise<void> {
  const aside = `${file}.stale.${process.pid}`;
  try {
    await rename(file, aside);
  } catch {
    return; // someone else did it
  }
  if ((await readOrUndefined(aside)) !== stale) await linked(aside, file);
  await rm(aside, { force: true });
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error: unknown) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

/** Whether the process that wrote this lock still runs: the same id, started at the same time. */
async function isAlive(content: string): Promise<boolean> {
  const [pidText = '', start = ''] = content.trim().split(' ');
  const pid = Number(pidText);
  if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
  } catch (error: unknown) {
    // EPERM: it runs, as another user.
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return false;
  }
  const startNow = await startOf(pid);
  return start === '?' || startNow === '?' || startNow === start;
}

/** When a process started, to tell it from a later one with the same id: boot id and clock tick; '?' if unknown. */
async function startOf(pid: number): Promise<string> {
  const stat = await readOrUndefined(`/proc/${pid}/stat`);
  const boot = await readOrUndefined('/proc/sys/kernel/random/boot_id');
  if (stat === undefined || boot === undefined) return '?';
  // The command's name is in parentheses and may hold spaces; the start time is the 20th field after it.
  const tick = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  return tick === undefined ? '?' : `${boot.trim()}:${tick}`;
}

async function readOrUndefined(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch {
    return undefined;
  }
}

function held(directory: string, by: string): StoreError {
  return new StoreError('unavailable', `data directory ${directory} is in use by ${by}`);
}
