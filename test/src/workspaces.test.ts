import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

interface Package {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

const tracked = (...patterns: readonly string[]): readonly string[] =>
  execFileSync('git', ['ls-files', ...patterns], { cwd: ROOT, encoding: 'utf8' })
    .split('\n')
    .filter(Boolean);
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const packageOf = (path: string): Package => JSON.parse(read(path)) as Package;

/** `@scope/name` or `name` of what an import names; undefined: a file, or part of Node. */
function imported(specifier: string): string | undefined {
  if (specifier.startsWith('.') || specifier.startsWith('node:') || builtinModules.includes(specifier))
    return undefined;
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

test('every workspace names the packages it imports, so that each can be built and shipped by itself', () => {
  const workspaces = new Map(tracked('*package.json').map((path) => [dirname(path), packageOf(path)]));
  const shared = packageOf('package.json').devDependencies ?? {};
  const missing = new Set<string>();
  for (const path of tracked('*.ts', '*.tsx')) {
    let at = dirname(path);
    while (!workspaces.has(at)) at = dirname(at);
    const { name, dependencies, devDependencies } = workspaces.get(at) ?? { name: '' };
    const named = new Set([name, ...[dependencies, devDependencies, shared].flatMap((one) => Object.keys(one ?? {}))]);
    for (const { fileName } of ts.preProcessFile(read(path)).importedFiles) {
      const needs = imported(fileName);
      if (needs !== undefined && !named.has(needs)) missing.add(`${at} imports ${needs} (${path})`);
    }
  }
  expect([...missing]).toEqual([]);
});
