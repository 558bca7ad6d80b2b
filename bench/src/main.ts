import { writeFile } from 'node:fs/promises';
import { keepFigures } from '@parkade/test';
import { plotOf } from './plot.js';
import { parkSection, parkUnarySection } from './park/section.js';
import { eslSection } from './esl/section.js';
import { fairnessSection } from './fairness/section.js';
import { limitsSection } from './limits/section.js';
import { mediaSection } from './media/section.js';
import { servedSection } from './served/section.js';
import { recallSection } from './recall/section.js';
import type { Figure } from './result.js';
import { SCALE_PARTS, scaleSection } from './scale/section.js';
import { streamSection } from './stream/section.js';
import { switchSection } from './switch/section.js';
import { tenantsSection } from './tenants/section.js';

/** Run only when they are asked for: what needs a real switch, and parts of others. */
const ON_DEMAND: ReadonlySet<string> = new Set([
  'park-unary',
  'stream',
  'switch',
  ...SCALE_PARTS.map(([name]) => name),
]);

/** The sections there are, by name: `npm run bench -- <section>…`; without a name all but those on demand. */
const SECTIONS: ReadonlyMap<string, () => Promise<readonly Figure[]>> = new Map([
  ['park', parkSection],
  ['park-unary', parkUnarySection],
  ['stream', streamSection],
  ['served', servedSection],
  ['limits', limitsSection],
  ['recall', recallSection],
  ['media', mediaSection],
  ['esl', eslSection],
  ['scale', scaleSection],
  ...SCALE_PARTS,
  ['fairness', fairnessSection],
  ['tenants', tenantsSection],
  ['switch', switchSection],
]);

const RESULTS = new URL('../results/latest.json', import.meta.url);
const PLOT = new URL('../../docs/images/bench.svg', import.meta.url);

function line({ id, value, unit, bar, ok, spread, baseline }: Figure): string {
  const figure = `${id.padEnd(24)}${String(value).padStart(12)} ${unit.padEnd(12)} bar ${bar.padEnd(12)}`;
  const rounds = spread === undefined ? '' : ` (${spread[0]} to ${spread[1]})`;
  return `${figure} ${ok ? 'ok    ' : 'MISSED'}${rounds}${baseline === undefined ? '' : `; ${baseline}`}`;
}

const asked = process.argv.slice(2);
const names = asked.length === 0 ? [...SECTIONS.keys()].filter((name) => !ON_DEMAND.has(name)) : asked;
const unknown = names.filter((name) => !SECTIONS.has(name));
if (unknown.length > 0) {
  console.error(`There is no section ${unknown.join(', ')}; there are: ${[...SECTIONS.keys()].join(', ')}`);
  process.exitCode = 2;
} else {
  for (const name of names) {
    const figures = (await SECTIONS.get(name)?.()) ?? [];
    console.log(`\n${name}`);
    for (const figure of figures) console.log(line(figure));
    // What other sections have written stays; the picture shows all.
    await writeFile(PLOT, plotOf(await keepFigures(RESULTS, figures)));
    if (figures.some(({ ok }) => !ok)) process.exitCode = 1;
  }
}
