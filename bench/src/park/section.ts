import { machine } from '../measure/machine.js';
import { median, ratios, spread } from '../measure/spread.js';
import { atLeast, atMost, type Figure } from '../result.js';
import { type BenchCluster, startBenchCluster } from './cluster.js';
import { inRounds, type Sample, type Samples } from './rounds.js';

/** Commands under way at a time, where it is more than one. */
const IN_FLIGHT = 256;

/** How long each step of a round takes, and how many rounds there are; for a quick look, less will do. */
const STEP_MS = Number(process.env['PARKADE_BENCH_STEP_MS'] ?? 2_500);
const ROUNDS = Number(process.env['PARKADE_BENCH_ROUNDS'] ?? 5);

/** Durable parks and retrieves against what the same machine does without being durable: `npm run bench -- park`. */
export async function parkSection(): Promise<readonly Figure[]> {
  const cluster = await startBenchCluster();
  try {
    console.log(`${machine()}\n${ROUNDS} rounds of ${STEP_MS} ms a step, after one to warm up`);
    const rates = await measureRates(cluster);
    tell(rates);
    const latencies = await measureLatencies(cluster);
    tell(latencies);
    return [...rateFigures(rates), latencyFigure(latencies)];
  } finally {
    await cluster.stop();
  }
}

type RateStep = 'unary-echo' | 'unary-park' | 'stream-echo' | 'stream-park' | 'naive';
type LatencyStep = 'one-park' | 'one-put' | 'one-echo';

function measureRates({ gateway, echo, naive, ...cluster }: BenchCluster): Promise<Samples<RateStep>> {
  const load = { inFlight: IN_FLIGHT, ms: STEP_MS };
  return inRounds(
    { gateway, echo, naive, ...cluster },
    {
      'unary-echo': { ...load, kind: 'unary-echo', address: echo.address },
      'unary-park': { ...load, kind: 'unary-park', address: gateway.address },
      'stream-echo': { ...load, kind: 'stream-echo', address: echo.address },
      'stream-park': { ...load, kind: 'stream-park', address: gateway.address },
      naive: { ...load, kind: 'naive', address: naive.address },
    },
    ROUNDS,
  );
}

function measureLatencies(cluster: BenchCluster): Promise<Samples<LatencyStep>> {
  const load = { inFlight: 1, ms: STEP_MS / 2 };
  return inRounds(
    cluster,
    {
      'one-park': { ...load, kind: 'unary-park', address: cluster.gateway.address },
      'one-put': { ...load, kind: 'etcd-put', address: '' },
      'one-echo': { ...load, kind: 'unary-echo', address: cluster.echo.address },
    },
    ROUNDS,
  );
}

function rateFigures(samples: Samples<RateStep>): readonly Figure[] {
  const rates = (step: RateStep): readonly number[] => samples[step].map(({ rate }) => rate);
  const figure = (id: string, step: RateStep, baseline: RateStep, bar: number): Figure => {
    const values = ratios(rates(step), rates(baseline));
    const beside = { spread: spread(values), baseline: `${baseline} ${Math.round(median(rates(baseline)))}/s` };
    return atLeast(id, median(values), bar, 'ratio', beside);
  };
  return [
    figure('unary_ratio', 'unary-park', 'unary-echo', 0.9),
    atLeast('stream_rate', median(rates('stream-park')), 20_000, 'per second', {
      spread: spread(rates('stream-park')),
    }),
    figure('stream_echo_ratio', 'stream-park', 'stream-echo', 0.25),
    figure('stream_naive_ratio', 'stream-park', 'naive', 15),
  ];
}

function latencyFigure(samples: Samples<LatencyStep>): Figure {
  const p50 = (step: LatencyStep): readonly number[] => samples[step].map(({ p50Ms }) => p50Ms);
  const baselines = p50('one-put').map((put, i) => put + (p50('one-echo')[i] ?? NaN));
  const values = ratios(p50('one-park'), baselines);
  const baseline = `one etcd put + one unary echo ${median(baselines).toFixed(2)} ms`;
  return atMost('latency_ratio', median(values), 1.6, 'ratio', { spread: spread(values), baseline });
}

/** What each step did, and what an operation cost each process. */
function tell(samples: Readonly<Record<string, readonly Sample[]>>): void {
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
