import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const root = new URL('../../', import.meta.url);
const DIRECTORIES = [
  'services/recall/src/testdata/',
  'services/slot-shard/src/machine/testdata/',
  'packages/flow/src/park/testdata/',
];

/** The rows that a scenario's words name, and whether commands follow: `[S-ringback, R15]` at the end of a paragraph. */
function rowsNamed(text: string): readonly string[] {
  const paragraphs = text.trim().split(/\n{2,}/);
  return paragraphs.flatMap((paragraph, i) => {
    const plays = paragraph.includes('\n----') || (paragraphs[i + 1]?.includes('\n----') ?? false);
    const [, names] = /\[([^\]]+)\]/.exec(paragraph.split('\n----')[0]?.replace(/\{.*\}/g, '') ?? '') ?? [];
    return plays && names !== undefined ? names.split(', ') : [];
  });
}

it('every row of the documented tables has a scenario that names it, and every row named is documented', () => {
  const page = readFileSync(new URL('docs/RECALL.md', root), 'utf8');
  const documented = [...page.matchAll(/^\| `([A-Z](?:-[a-z-]+|\d+))` /gm)].map(([, row]) => row ?? '');
  expect(documented.length).toBeGreaterThan(40);
  expect(new Set(documented).size).toBe(documented.length);
  const named = DIRECTORIES.flatMap((directory) => {
    const at = new URL(directory, root);
    const files = readdirSync(at).filter((file) => file.endsWith('.txt'));
    return files.flatMap((file) => rowsNamed(readFileSync(new URL(file, at), 'utf8')));
  });
  expect([...new Set(named)].toSorted()).toEqual(documented.toSorted());
});
