import { describe, expect, it } from 'vitest';
import { BROKEN } from './broken.js';
import { replayLine } from './report.js';
import { runSeed } from './run-seed.js';

/** A few seeds of thousands: `npm run sim -- --runs 2000` runs more. */
const SEEDS = [
  ...Array.from({ length: 12 }, (_, i) => 1 + i),
  // Each failed once: the bus lost its lamps while a shard was read anew; the answer to an owner that read its shard anew was lost. What
  // they draw has changed since.
  158,
  2379,
];

describe('a simulated cluster', () => {
  it.each(SEEDS)('keeps all its promises under the faults of seed %i', { timeout: 60_000 }, async (seed) => {
    const { violations, simulatedMs, commands, faults } = await runSeed({ seed });
    expect(violations, replayLine(seed)).toEqual([]);
    expect(simulatedMs).toBeGreaterThanOrEqual(60_000);
    expect(commands).toBeGreaterThanOrEqual(500);
    expect([...faults.values()].reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(3);
  });

  it('goes the same way again from the same seed, and another from another', { timeout: 60_000 }, async () => {
    const hashes: string[] = [];
    for (const seed of [3, 3, 4]) hashes.push((await runSeed({ seed })).hash);
    expect(hashes[1]).toBe(hashes[0]);
    expect(hashes[2]).not.toBe(hashes[0]);
  });
});

/** Builds that the first few seeds catch; `npm run sim -- --broken all` shows all of them, and the seeds they need. */
const SOON = ['fencing-off', 'answer-before-commit', 'blind-retry', 'watcher-skips'];

it.each(SOON)('a build with %s is caught', { timeout: 60_000 }, async (name) => {
  const { breakage, faults } = BROKEN[name] ?? {};
  const caught: string[] = [];
  for (let seed = 1; seed <= 30 && caught.length === 0; seed++) {
    caught.push(...(await runSeed({ seed, breakage, faults })).violations);
  }
  expect(caught).not.toEqual([]);
});
