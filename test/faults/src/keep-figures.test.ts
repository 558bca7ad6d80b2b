import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Figure, keepFigures } from '@parkade/test';
import { expect, it } from 'vitest';

const figure = (id: string, value: number): Figure => ({ id, value, unit: 'seeds', bar: '0', ok: value === 0 });

it('takes the place of figures of the same id, and keeps those of others', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'parkade-results-'));
  try {
    const file = join(directory, 'made', 'latest.json');
    await keepFigures(pathToFileURL(file), [figure('theirs', 1), figure('ours', 2)]);
    await keepFigures(pathToFileURL(file), [figure('ours', 0)]);
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual([figure('theirs', 1), figure('ours', 0)]);
  } finally {
    await rm(directory, { recursive: true });
  }
});
