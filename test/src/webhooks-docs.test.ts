import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { startCli } from './support/process.js';

const run = promisify(execFile);
const PAGE = new URL('../../docs/WEBHOOKS.md', import.meta.url);

it('does what the page about webhooks shows', async () => {
  const up = startCli('up', ['up', '--port', '0', '--http-port', '0']);
  try {
    const [, url = ''] = await up.printed(/^REST API on (\S+)\/docs\//m, 60_000);
    await up.printed(/^Stop it/m, 60_000);
    const commands = [...(await readFile(PAGE, 'utf8')).matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(
      ([, text = '']) => text,
    );
    const environment = { ...process.env, PARKADE_API: url, PARKADE_TOKEN: 'none', PARKADE_TENANT: 'acme' };
    const said: string[] = [];
    for (const command of commands) said.push((await run('bash', ['-ec', command], { env: environment })).stdout);
    expect(JSON.parse(said[0] ?? '')).toMatchObject({
      id: 'crm',
      kinds: ['parked', 'retrieved', 'abandoned'],
      enabled: true,
      secret: expect.stringMatching(/^whsec_/) as string,
    });
    expect(said[1]).toBe('{"items":[]}{"replayed":0}');
    expect(said).toHaveLength(2);
  } finally {
    up.signal('SIGTERM');
    await up.ended();
  }
});
