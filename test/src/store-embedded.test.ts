import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SystemClock } from '@parkade/clock';
import { openEmbeddedStore, prefixRange } from '@parkade/store';
import { expect, it } from 'vitest';

it('the embedded store has every acknowledged write, and no half transaction, when its process is killed', async () => {
  const script = `
    import { openEmbeddedStore } from '@parkade/store';
    import { SystemClock } from '@parkade/clock';
    const store = await openEmbeddedStore({ clock: new SystemClock(), dataDir: process.argv[1] });
    const keep = setInterval(() => {}, 1000);
    let next = 0;
    const write = async () => {
      for (;;) {
        const n = next++;
        await store.txn({ compare: [], success: ['a', 'b'].map((half) => (
          { kind: 'put', key: '/w/' + n + half, value: new Uint8Array(100) })) });
        process.stdout.write(n + '\\n');
      }
    };
    for (let i = 0; i < 16; i++) write();
  `;
  const dataDir = await mkdtemp(join(tmpdir(), 'parkade-crash-'));
  const child = spawn(process.execPath, ['--conditions', 'default', '--input-type=module', '-e', script, dataDir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8');
  for await (const chunk of child.stdout) {
    output += String(chunk);
    if (output.length > 10_000) child.kill('SIGKILL');
  }
  const store = await openEmbeddedStore({ clock: new SystemClock(), dataDir });
  const keys = new Set((await store.range(prefixRange('/w/'))).kvs.map((kv) => kv.key));
  const acknowledged = output.slice(0, output.lastIndexOf('\n')).split('\n');
  expect(acknowledged.length).toBeGreaterThan(100);
  for (const n of acknowledged) expect(keys.has(`/w/${n}a`) && keys.has(`/w/${n}b`), n).toBe(true);
  for (const key of keys)
    expect(keys.has(key.endsWith('a') ? `${key.slice(0, -1)}b` : `${key.slice(0, -1)}a`)).toBe(true);
  await store.close();
  await rm(dataDir, { recursive: true, force: true });
}, 30_000);
