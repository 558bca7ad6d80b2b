import type { SeedResult } from './run-seed.js';

/** How a seed is run again. */
export const replayLine = (seed: number): string => `npm run sim -- --seed ${seed} --trace`;

/** Totals over seeds. */
export function report() {
  const faults = new Map<string, number>();
  const total = { seeds: 0, failed: 0, simulatedMs: 0, commands: 0, transitions: 0, joined: 0, cpuMs: 0 };
  return {
    add(result: SeedResult): void {
      total.seeds++;
      if (result.violations.length > 0) total.failed++;
      total.simulatedMs += result.simulatedMs;
      total.commands += result.commands;
      total.transitions += result.transitions;
      total.joined += result.joined;
      total.cpuMs += result.cpuMs;
      for (const [fault, count] of result.faults) faults.set(fault, (faults.get(fault) ?? 0) + count);
    },
    get failed(): number {
      return total.failed;
    },
    get seedMs(): number {
      return total.cpuMs / total.seeds;
    },
    line({ seed, hash, simulatedMs, commands, faults: struck, violations, cpuMs }: SeedResult): string {
      const count = [...struck.values()].reduce((sum, each) => sum + each, 0);
      const how = violations.length === 0 ? 'clean' : 'FAILED';
      const seconds = Math.round(simulatedMs / 1_000);
      return `seed ${seed} ${how}: ${hash}, ${seconds} s simulated, ${commands} commands, ${count} faults, ${Math.round(cpuMs)} ms`;
    },
    summary(): string {
      const { seeds, failed, simulatedMs, commands, transitions, joined, cpuMs } = total;
      const kinds = [...faults].sort(([, a], [, b]) => b - a).map(([fault, count]) => `${fault} ${count}`);
      return [
        `${seeds} seeds, ${failed} failed; ${Math.round(simulatedMs / 1_000)} simulated seconds, ${commands} commands, ${transitions} transitions, ${joined} joins`,
        `faults: ${kinds.join(', ')}`,
        `${(cpuMs / seeds).toFixed(0)} ms of one core a seed`,
      ].join('\n');
    },
  };
}
