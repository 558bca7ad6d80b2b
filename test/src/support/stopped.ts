import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

/** Resolves when the process has really stopped: the signal takes effect a little after it was sent. */
export async function stopped(pid: number): Promise<void> {
  for (let tries = 0; tries < 400; tries++) {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    if (stat.slice(stat.lastIndexOf(')') + 2).startsWith('T')) return;
    await delay(5);
  }
  throw new Error(`process ${pid} does not stop`);
}
