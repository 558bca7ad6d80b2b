import type { CliProcess } from './process.js';

/** What a process that was started with `--metrics` tells Prometheus now. */
export async function scrape(child: CliProcess): Promise<string> {
  const [, url = ''] = await child.saidOnStderr(/"event":"metrics","url":"([^"]+)"/);
  return (await fetch(url)).text();
}
