// Generates packages/proto/src/gen from proto/ with buf and ts-proto. With --check: fails when what is committed is stale.
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';

const gen = 'packages/proto/src/gen';
/** Every proto with its imports, for gRPC server reflection and for clients in other languages. */
const image = 'packages/proto/descriptor.binpb';
const buf = resolve('node_modules/.bin/buf');

function files(dir) {
  if (!existsSync(dir)) return [];
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(dir.length + 1))
    .sort();
}

/** Has the generated code under `root` use our own writer and reader (`packages/proto/src/wire.ts`), whose bytes need no copy. */
function useOwnWire(root) {
  for (const name of files(join(root, gen)).filter((name) => name.endsWith('.ts'))) {
    const path = join(root, gen, name);
    const wire = relative(dirname(path), join(root, 'packages/proto/src/wire.js'));
    const text = readFileSync(path, 'utf8')
      .replace('"@bufbuild/protobuf/wire"', JSON.stringify(wire))
      .replace(/Buffer\.from\((\w+)\.encode\(value\)\.finish\(\)\)/g, '$1.encode(value).finish()');
    writeFileSync(path, text);
  }
}

if (process.argv.includes('--check')) {
  const fresh = mkdtempSync(join(tmpdir(), 'parkade-gen-'));
  try {
    for (const name of ['proto', 'buf.yaml', 'buf.gen.yaml']) cpSync(name, join(fresh, name), { recursive: true });
    symlinkSync(resolve('node_modules'), join(fresh, 'node_modules'));
    execFileSync(buf, ['generate'], { cwd: fresh, stdio: 'inherit' });
    useOwnWire(fresh);
    execFileSync(buf, ['build', '--exclude-source-info', '-o', 'image.binpb'], { cwd: fresh, stdio: 'inherit' });
    const [now, want] = [files(gen), files(join(fresh, gen))];
    const stale = want.filter(
      (name) =>
        !now.includes(name) || readFileSync(join(gen, name), 'utf8') !== readFileSync(join(fresh, gen, name), 'utf8'),
    );
    stale.push(...now.filter((name) => !want.includes(name)));
    if (!readFileSync(image).equals(readFileSync(join(fresh, 'image.binpb')))) stale.push(image);
    if (stale.length > 0) {
      console.error(`Generated code is stale (run \`npm run generate\` and commit it):\n  ${stale.join('\n  ')}`);
      process.exit(1);
    }
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
} else {
  rmSync(gen, { recursive: true, force: true });
  execFileSync(buf, ['generate'], { stdio: 'inherit' });
  useOwnWire('.');
  execFileSync(buf, ['build', '--exclude-source-info', '-o', image], { stdio: 'inherit' });
}
