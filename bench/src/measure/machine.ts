import { arch, cpus, platform, release, totalmem } from 'node:os';

/** The machine in a line. */
export function machine(): string {
  const model = cpus()[0]?.model ?? 'unknown CPU';
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${cpus().length} × ${model}, ${memory} GiB, ${platform()} ${release()} ${arch()}, Node ${process.version}`;
}
