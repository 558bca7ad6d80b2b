import { readFileSync } from 'node:fs';
import { SeededRandom } from '@parkade/clock';
import { expect, it } from 'vitest';
import { NOTHING_WRONG } from './row.js';
import { ROWS } from './rows/index.js';

/** The rows of `npm run faults` that every run of the tests tries, cut short. FAULTS_SEED draws the same strikes again. */
const SELECTION = ['crash', 'rolling', 'wire-drop-reply', 'media-frozen'];
const seed = Number(process.env['FAULTS_SEED'] ?? Math.floor(Math.random() * 1e6));

it.each(ROWS.filter(({ id }) => SELECTION.includes(id)))(
  `loses nothing, joins no strangers and gives answers that can be true: $what (seed ${seed})`,
  { timeout: 300_000 },
  async (row) => {
    const said: string[] = [];
    const context = { random: new SeededRandom(seed), brief: true, say: (text: string) => void said.push(text) };
    const { findings, requests } = await row.run(context);
    expect(findings, said.join('\n')).toEqual(NOTHING_WRONG);
    expect(requests).toBeGreaterThan(20);
  },
);

it('knows each row of the selection, and every row by one name', () => {
  const ids = ROWS.map(({ id }) => id);
  expect(SELECTION.filter((id) => !ids.includes(id))).toEqual([]);
  expect(new Set(ids).size).toBe(ids.length);
});

it('documents every row with its command, and no other', () => {
  const page = readFileSync(new URL('../../../docs/FAULTS.md', import.meta.url), 'utf8');
  const [, rows = ''] = page.split('## Row by row');
  const documented = [...rows.matchAll(/\| `([a-z-]+)` +\|$/gm)].map(([, id]) => id);
  expect(documented.toSorted()).toEqual(ROWS.map(({ id }) => id).toSorted());
});
