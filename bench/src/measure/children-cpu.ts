import { readFile } from 'node:fs/promises';
import { processCpuUs } from './process-cpu.js';

/** CPU time that the processes this one has started have used, microseconds; 0 where there is no /proc. */
export async function childrenCpuUs(): Promise<number> {
  const text = await readFile(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8').catch(() => '');
  const pids = text.split(' ').filter((pid) => pid !== '');
  const each = await Promise.all(pids.map((pid) => processCpuUs(Number(pid))));
  return each.reduce((sum, us) => sum + us, 0);
}
