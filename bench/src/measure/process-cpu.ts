import { readFile } from 'node:fs/promises';

/** Ticks of /proc/<pid>/stat a second; the same on every Linux Node runs on. */
const TICKS_PER_SECOND = 100;

/** CPU time a process has used, microseconds, in steps of 10 ms; 0 where there is no /proc. */
export async function processCpuUs(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The command's name, in brackets, may hold blanks; utime and stime are the 12th and 13th fields after it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * 1_000_000) / TICKS_PER_SECOND;
}
