import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { withCluster } from './support/with-cluster.js';

const run = promisify(execFile);
const PROTOS = fileURLToPath(new URL('../../proto', import.meta.url));
const SCRIPT = fileURLToPath(new URL('./python/park_client.py', import.meta.url));
/** Debian's: another python in PATH does not see Debian's packages. */
const PYTHON = '/usr/bin/python3';

const cluster = withCluster({ owners: 1, gateways: 1, shards: 8 });
let stubs = '';

beforeAll(async () => {
  stubs = await mkdtemp(join(tmpdir(), 'parkade-python-'));
  const files = (await readdir(join(PROTOS, 'parkade/park/v1'))).map((name) => join(PROTOS, 'parkade/park/v1', name));
  const { stdout } = await run('which', ['grpc_python_plugin']);
  const plugin = `--plugin=protoc-gen-grpc=${stdout.trim()}`;
  await run('protoc', ['-I', PROTOS, `--python_out=${stubs}`, `--grpc_out=${stubs}`, plugin, ...files]);
});
afterAll(async () => {
  await rm(stubs, { recursive: true, force: true });
});

it('serves a python client with stubs generated from the protos: it parks, watches and retrieves', async () => {
  const [address = ''] = cluster().addresses;
  const { stdout } = await run(PYTHON, [SCRIPT, stubs, address], {
    timeout: 90_000,
    env: { PATH: process.env['PATH'] },
  });
  const seen: unknown = JSON.parse(stdout);
  expect(seen).toMatchObject({
    snapshot: true,
    lit: true,
    dark: true,
    same_park: true,
    caller: 'Grace Hopper',
    state: 'PARK_STATE_ENDED',
    refusal: { code: 'FAILED_PRECONDITION', typed: true },
  });
  expect(seen).toHaveProperty('lamps', [
    ['701', 'PRESENCE_TYPE_EARLY'],
    ['701', 'PRESENCE_TYPE_TERMINATED'],
  ]);
});
