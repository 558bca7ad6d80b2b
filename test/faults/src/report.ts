import { mkdir, readFile, writeFile } from 'node:fs/promises';
import type { Figure } from './figures.js';

const RESULTS = new URL('../results/latest.json', import.meta.url);

/** Writes figures; those of rows that were not run stay. */
export async function save(figures: readonly Figure[]): Promise<void> {
  const known = await readFile(RESULTS, 'utf8').then(
    (text) => JSON.parse(text) as Figure[],
    () => [],
  );
  const kept = known.filter(({ id }) => !figures.some((figure) => figure.id === id));
  await mkdir(new URL('.', RESULTS), { recursive: true });
  await writeFile(RESULTS, `${JSON.stringify([...figures, ...kept], null, 2)}\n`);
}

/** Figures as a table for people. */
export function table(figures: readonly Figure[]): string {
  return figures
    .map(({ id, value, unit, bar, ok }) => {
      const figure = `${id.padEnd(26)}${String(value).padStart(8)} ${unit.padEnd(12)}`;
      return `${figure} bar ${bar.padEnd(10)} ${ok ? 'ok' : 'MISSED'}`;
    })
    .join('\n');
}
