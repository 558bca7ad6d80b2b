import { parseArgs } from 'node:util';
import { keepFigures } from '@parkade/test';
import { BROKEN } from './broken.js';
import { replayLine, report } from './report.js';
import { runSeed } from './run-seed.js';

/** Where all figures about faults stand, those of real processes too. */
const RESULTS = new URL('../../test/faults/results/latest.json', import.meta.url);
/** So many seeds must be clean in one run, at a mean of so many ms of one core. */
const MIN_CLEAN = 2_000;
const MAX_SEED_MS = 900;
/** After so many a quiet run says how far it is. */
const TOLD_EVERY = 250;
/** So many seeds catch every broken build, at the latest. */
const MAX_SEEDS = 200;

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    runs: { type: 'string', default: '1' },
    broken: { type: 'string' },
    trace: { type: 'boolean', default: false },
    save: { type: 'boolean', default: false },
    quiet: { type: 'boolean', default: false },
  },
});
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const first = Number(values.seed);
const runs = Number(values.runs);
const onLine = values.trace ? say : undefined;

const failed = values.broken === undefined ? await runSeeds() : await runBroken(values.broken);
process.exitCode = failed ? 1 : 0;

/** Runs the seeds one after the other and prints the totals; whether any failed. */
async function runSeeds(): Promise<boolean> {
  const total = report();
  for (let seed = first; seed < first + runs; seed++) {
    const result = await runSeed({ seed, onLine });
    total.add(result);
    const done = seed - first + 1;
    if (values.quiet && done % TOLD_EVERY === 0) say(`${done} of ${runs} seeds, ${total.failed} failed`);
    if (!values.quiet || result.violations.length > 0) say(total.line(result));
    if (result.violations.length === 0) continue;
    for (const each of result.violations) say(`  ${each}`);
    // A seed that failed is run again, which must go the same way, and its end is shown.
    const again = await runSeed({ seed });
    say(`  ${again.hash === result.hash ? 'replays exactly' : `DOES NOT REPLAY: ${again.hash}`}: ${replayLine(seed)}`);
    if (runs === 1 && !values.trace) for (const line of result.trace.slice(-200)) say(`  | ${line}`);
  }
  say(total.summary());
  const clean = runs - total.failed;
  const ms = Math.round(total.seedMs);
  const figures = [
    {
      id: 'seeds_clean',
      value: clean,
      unit: 'seeds',
      bar: `>= ${MIN_CLEAN}`,
      ok: clean >= MIN_CLEAN && clean === runs,
    },
    { id: 'seed_ms', value: ms, unit: 'ms', bar: `< ${MAX_SEED_MS}`, ok: ms < MAX_SEED_MS },
  ];
  if (values.save) await keepFigures(RESULTS, figures);
  return total.failed > 0;
}

/** Runs seeds on builds that are broken until each is caught; whether any was not. */
async function runBroken(which: string): Promise<boolean> {
  const names = which === 'all' ? Object.keys(BROKEN) : [which];
  let missed = false;
  let most = 0;
  for (const name of names) {
    const build = BROKEN[name];
    if (build === undefined)
      throw new Error(`There is no broken build ${name}; there are ${Object.keys(BROKEN).join(', ')}.`);
    let caught: readonly string[] = [];
    let needed = 0;
    while (caught.length === 0 && needed < MAX_SEEDS) {
      const { breakage, faults, looksApart } = build;
      caught = (await runSeed({ seed: first + needed++, breakage, faults, looksApart, onLine })).violations;
    }
    most = Math.max(most, needed);
    missed ||= caught.length === 0;
    const how = caught.length === 0 ? 'NOT CAUGHT' : `caught, for example: ${(caught[0] ?? '').slice(0, 160)}`;
    say(`${name} (a build that ${build.what}): ${needed} seeds, ${how.replaceAll('\n', ' ')}`);
  }
  const value = missed ? 'not all' : most;
  const row = { id: 'broken_caught', value, unit: 'seeds', bar: `<= ${MAX_SEEDS}`, ok: !missed };
  if (values.save && which === 'all') await keepFigures(RESULTS, [row]);
  say(`${names.length} broken builds, ${missed ? 'NOT ALL CAUGHT' : `all caught within ${most} seeds`}`);
  return missed;
}
