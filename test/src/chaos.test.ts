import { expect, it } from 'vitest';
import { runChaos } from './chaos/run-chaos.js';

/** Set CHAOS_SEED to replay one, CHAOS_MS for how long each strikes, CHAOS_RUNS for how many. */
const first = Number(process.env['CHAOS_SEED'] ?? Math.floor(Math.random() * 1e6));
const forMs = Number(process.env['CHAOS_MS'] ?? 5_000);
const runs = Number(process.env['CHAOS_RUNS'] ?? 2);

it.each(Array.from({ length: runs }, (_, i) => first + i))(
  'gives every caller an answer that can be true while owners die, freeze, are deposed and cut off (seed %i)',
  { timeout: forMs + 60_000 },
  async (seed) => {
    const { faults, blows, ...figures } = await runChaos({ seed, forMs, looksApart: seed % 2 === 1 });
    const report = `CHAOS_SEED=${seed} ${JSON.stringify(figures)}\n${blows.join('\n')}\n`;
    if (process.env['CHAOS_REPORT'] !== undefined) process.stdout.write(report);
    expect(faults, report).toEqual([]);
    expect(figures.transitions).toBeGreaterThan(50);
  },
);
