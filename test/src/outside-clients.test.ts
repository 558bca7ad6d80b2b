import { execFile } from 'node:child_process';
import { cp, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { AdminServiceService } from '@parkade/proto/admin';
import openapiTS, { astToString } from 'openapi-typescript';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Cluster, startCluster } from './support/cluster.js';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PROTOS = join(ROOT, 'proto');
/** Debian's: another python in PATH does not see Debian's packages. */
const PYTHON = '/usr/bin/python3';

let cluster: Cluster;
/** The gateway's REST API, and its gRPC. */
let url = '';
let address = '';
let directory = '';

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'parkade-outside-'));
  cluster = await startCluster({ owners: 1, gateways: 0, shards: 8 });
  const gateway = cluster.start('outside', [
    ...['gateway', '--port', '0', '--http-port', '0', '--etcd', cluster.etcd, '--nats', cluster.nats, '--shards', '8'],
    ...['--prompt-files', join(directory, 'prompt-files')],
  ]);
  [, url = ''] = await gateway.printed(/^REST API on (http:\S+)\/docs\/$/m);
  [, address = ''] = await gateway.printed(/^listening on (\S+)$/m);
}, 120_000);
afterAll(async () => {
  await cluster.stop();
  await rm(directory, { recursive: true, force: true });
});

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

it('serves a client whose types a public generator makes from its document: every operation of the API', async () => {
  const document = (await (await fetch(`${url}/openapi.json`)).json()) as Document;
  const types = await openapiTS(document as never);
  await writeFile(join(directory, 'schema.ts'), astToString(types));
  await cp(join(ROOT, 'test/outside-client/drive.ts'), join(directory, 'drive.ts'));
  await symlink(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
  await writeFile(join(directory, 'package.json'), '{"type": "module"}');
  // It is a program of that document, or it does not compile.
  const options = ['--strict', '--target', 'es2023', '--module', 'nodenext', '--types', 'node', '--skipLibCheck'];
  await run(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), ...options, 'drive.ts'], {
    cwd: directory,
  }).catch((error: unknown) => {
    throw new Error((error as { readonly stdout: string }).stdout);
  });
  const program = (await import(pathToFileURL(join(directory, 'drive.js')).href)) as {
    drive: (baseUrl: string, tenant: string) => Promise<readonly string[]>;
  };
  const used = await program.drive(url, 'outside');
  const there = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect([...used].sort()).toEqual(there.sort());
}, 180_000);

it('serves a python client with stubs generated from the protos: every RPC of AdminService', async () => {
  const folders = ['admin', 'flow', 'park'].map((part) => join(PROTOS, `parkade/${part}/v1`));
  const files = await Promise.all(
    folders.map(async (folder) => (await readdir(folder)).map((name) => join(folder, name))),
  );
  const { stdout: plugin } = await run('which', ['grpc_python_plugin']);
  const out = [`--python_out=${directory}`, `--grpc_out=${directory}`, `--plugin=protoc-gen-grpc=${plugin.trim()}`];
  await run('protoc', ['-I', PROTOS, ...out, ...files.flat()]);
  const script = fileURLToPath(new URL('./python/admin_client.py', import.meta.url));
  const { stdout } = await run(PYTHON, [script, directory, address], {
    timeout: 90_000,
    env: { PATH: process.env['PATH'] },
  });
  const used = JSON.parse(stdout) as readonly string[];
  const there = Object.values(AdminServiceService).map(({ path }) => path.split('/').at(-1));
  expect([...used].sort()).toEqual(there.sort());
}, 120_000);
