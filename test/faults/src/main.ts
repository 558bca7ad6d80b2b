import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { SeededRandom } from '@parkade/clock';
import { keepFigures } from '@parkade/test';
import { figuresOf } from './figures.js';
import { table } from './report.js';
import { type Row, type RowResult, together } from './row.js';
import { ROWS } from './rows/index.js';

const RESULTS = new URL('../results/latest.json', import.meta.url);

const HELP = `Usage: npm run faults -- [options] [row ...]

Attacks a cluster of real processes, one row after the other, and checks what its clients were told against what is left in the
store, in the log of events and on the lamps. Without a row: all of them, a quarter of an hour on two idle cores. Figures go to
test/faults/results/latest.json. Exit code: 0 all is as it must be, 1 something is not, 2 wrong usage.

Options:
  --list      print the rows
  --brief     fewer rounds and shorter outages: to see that a row works; its figures say little
  --seed <n>  what is struck, and when, is drawn from this number (printed at the start); processes have their own timing
  --json      print the figures as JSON, and progress on stderr
  --help      print this

Examples:
  npm run faults -- crash
  npm run faults -- --seed 7 wire-cut etcd-leader`;

const rows: ReadonlyMap<string, Row> = new Map(ROWS.map((row) => [row.id, row]));

function fail(message: string): never {
  console.error(`${message}\nnpm run faults -- --help says how it is used.`);
  process.exit(2);
}

function readArguments(): { readonly asked: readonly Row[]; readonly options: ReturnType<typeof parse>['values'] } {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse();
  } catch (error) {
    fail(error instanceof Error ? error.message : String(error));
  }
  const { values, positionals } = parsed;
  const asked = positionals.map((id) => rows.get(id) ?? fail(`There is no row ${id}; --list prints those there are.`));
  if (values.seed !== undefined && !/^\d{1,9}$/.test(values.seed)) fail('--seed takes a number of up to 9 digits.');
  return { asked: asked.length === 0 ? ROWS : asked, options: values };
}

function parse() {
  return parseArgs({
    allowPositionals: true,
    options: {
      list: { type: 'boolean' },
      brief: { type: 'boolean' },
      seed: { type: 'string' },
      json: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
}

/** Everything the suite writes goes below one directory, which is removed whatever happens. */
function ownTemporaryDirectory(): void {
  const directory = mkdtempSync(join(tmpdir(), 'parkade-faults-'));
  process.env['TMPDIR'] = directory;
  process.once('exit', () => rmSync(directory, { recursive: true, force: true, maxRetries: 3 }));
  // Processes that were started are ended by whoever started them, when this one exits.
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)
    process.once(signal, () => process.exit(code));
}

async function runRow(row: Row, seed: number, brief: boolean, say: (text: string) => void): Promise<RowResult> {
  const startMs = performance.now();
  say(`${row.id}: ${row.what}`);
  let result: RowResult;
  try {
    result = await row.run({ random: new SeededRandom(seed), brief, say: (text) => say(`  ${text}`) });
  } catch (error) {
    const other = [`the row broke off: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`];
    result = { findings: { lost: [], unlinear: [], other }, samples: {}, requests: 0 };
  }
  const { lost, unlinear, other } = result.findings;
  for (const finding of [...lost, ...unlinear, ...other]) say(`  WRONG: ${finding}`);
  const seconds = ((performance.now() - startMs) / 1_000).toFixed(0);
  say(`  ${result.requests} requests, ${lost.length + unlinear.length + other.length} violations, ${seconds} s`);
  return result;
}

async function main(): Promise<void> {
  const { asked, options } = readArguments();
  if (options.help === true) return console.log(HELP);
  if (options.list === true) return console.log(ROWS.map(({ id, what }) => `${id.padEnd(18)} ${what}`).join('\n'));
  ownTemporaryDirectory();
  const seed = Number(options.seed ?? Math.floor(Math.random() * 1e9));
  const say = options.json === true ? console.error : console.log;
  say(`seed ${seed}, load ${load()}`);
  const results = new Map<string, RowResult>();
  for (const row of asked) results.set(row.id, await runRow(row, seed, options.brief ?? false, say));
  const whole = ROWS.every(({ id }) => results.has(id));
  const figures = figuresOf(results, together([...results.values()]), whole);
  // What was cut short is no figure.
  if (options.brief !== true) await keepFigures(RESULTS, figures);
  console.log(options.json === true ? JSON.stringify(figures, null, 2) : `\n${table(figures)}\nload ${load()}`);
  process.exitCode = figures.every(({ ok }) => ok) ? 0 : 1;
}

function load(): string {
  return loadavg()
    .map((value) => value.toFixed(1))
    .join(' ');
}

await main();
// A connection that a fault left half open is no reason to stay.
process.exit();
