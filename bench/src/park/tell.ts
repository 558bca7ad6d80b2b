import { median, spread } from '../measure/spread.js';
import type { Sample } from './rounds.js';

/** What each step did, and what an operation cost each process. */
export function tell(samples: Readonly<Record<string, readonly Sample[]>>): void {
  for (const [step, all] of Object.entries(samples)) {
    const middle = (of: (sample: Sample) => number): number => median(all.map(of));
    const processes = [...new Set(all.flatMap(({ cpuUs }) => Object.keys(cpuUs)))];
    const costs = processes
      .map((name) => [name, middle(({ cpuUs }) => cpuUs[name] ?? 0)] as const)
      .filter(([, us]) => us >= 1)
      .map(([name, us]) => `${name} ${us.toFixed(0)}`);
    const [low, high] = spread(all.map(({ rate }) => rate));
    console.log(
      `  ${step.padEnd(12)}${middle(({ rate }) => rate)
        .toFixed(0)
        .padStart(8)}/s (${low.toFixed(0)}-${high.toFixed(0)})` +
        `  p50 ${middle(({ p50Ms }) => p50Ms).toFixed(2)} p99 ${middle(({ p99Ms }) => p99Ms).toFixed(2)} ms` +
        `  events ${middle(({ events }) => events).toFixed(2)}  CPU µs: ${costs.join(', ')}`,
    );
  }
}
