import type { Load, LoadResult } from '../processes/messages.js';
import type { BenchCluster } from './cluster.js';

/** One load, and what it cost. */
export interface Sample extends LoadResult {
  /** Operations a second. */
  readonly rate: number;
  /** Events the bus stored, an operation. */
  readonly events: number;
  /** CPU of each process an operation, microseconds; with what was still to be published when the last was answered. */
  readonly cpuUs: Readonly<Record<string, number>>;
}

/** Samples of each step, in the order of the rounds. */
export type Samples<Step extends string> = Readonly<Record<Step, readonly Sample[]>>;

/** A failure in this many operations means that something else was measured than what was meant. */
const MAX_FAILED_SHARE = 0.001;

/** Rounds that are not counted. */
const WARM_UP_ROUNDS = 2;

/** Runs loads that nobody counts, one after another: processes that serve people run for weeks, with their code compiled for good. */
export async function warmUp({ load }: Pick<BenchCluster, 'load'>, loads: readonly Load[]): Promise<void> {
  for (const each of loads) await load.ask('run', each);
}

/**
 * Runs the steps one after another, all of them, round after round: whatever else the machine does meanwhile, it does to all
 * of them. The first rounds are not counted. Rejects where more than a few requests fail.
 */
export async function inRounds<Step extends string>(
  cluster: Pick<BenchCluster, 'load' | 'cpu' | 'events'>,
  steps: Readonly<Record<Step, Load>>,
  rounds: number,
): Promise<Samples<Step>> {
  const names = Object.keys(steps) as Step[];
  const samples = Object.fromEntries(names.map((name) => [name, [] as Sample[]])) as Record<Step, Sample[]>;
  for (let round = 1 - WARM_UP_ROUNDS; round <= rounds; round++) {
    for (const name of names) {
      const sample = await sampled(cluster, steps[name]);
      if (sample.failed > sample.operations * MAX_FAILED_SHARE) {
        throw new Error(`${name}: ${sample.failed} of ${sample.operations} failed: ${sample.firstFailure}`);
      }
      if (round > 0) samples[name].push(sample);
    }
  }
  return samples;
}

async function sampled(cluster: Pick<BenchCluster, 'load' | 'cpu' | 'events'>, load: Load): Promise<Sample> {
  const storedBefore = await cluster.events();
  const before = await cluster.cpu();
  const result = await cluster.load.ask('run', load);
  const events = ((await cluster.events()) - storedBefore) / result.operations;
  const after = await cluster.cpu();
  const cpuUs: Record<string, number> = {};
  for (const [name, us] of Object.entries(after)) cpuUs[name] = (us - (before[name] ?? 0)) / result.operations;
  return { ...result, rate: result.operations / result.seconds, events, cpuUs };
}
