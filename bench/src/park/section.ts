import { machine } from '../measure/machine.js';
import { median, spread } from '../measure/spread.js';
import { atLeast, type Figure } from '../result.js';
import type { Load } from '../processes/messages.js';
import { type BenchCluster, startBenchCluster } from './cluster.js';
import { inRounds, type Samples, warmUp } from './rounds.js';
import { ratioFigure } from './ratio-figure.js';
import { tell } from './tell.js';
import { measureTimes } from './times.js';

/** Commands under way at a time, where it is more than one. */
const IN_FLIGHT = 256;

/** How long each step of a round takes, and how many rounds there are; for a quick look, less will do. */
const STEP_MS = Number(process.env['PARKADE_BENCH_STEP_MS'] ?? 2_500);
const ROUNDS = Number(process.env['PARKADE_BENCH_ROUNDS'] ?? 5);
const STEPS = { ms: STEP_MS, rounds: ROUNDS, inFlight: IN_FLIGHT };
const IDS = { latency: 'latency_ratio', tail: 'tail_ratio', tailIdle: 'tail_idle_ratio' };

/** Durable parks and retrieves against what the same machine does without being durable: `npm run bench -- park`. */
export function parkSection(): Promise<readonly Figure[]> {
  return measured(async (cluster) => {
    const rates = await inRounds(cluster, { ...unarySteps(cluster), ...streamSteps(cluster) }, ROUNDS);
    return { rates, figures: [...unaryFigures(rates), ...streamFigures(rates)] };
  });
}

/** What of it is about unary calls, in half of the time: `npm run bench -- park-unary`. */
export function parkUnarySection(): Promise<readonly Figure[]> {
  return measured(async (cluster) => {
    const rates = await inRounds(cluster, unarySteps(cluster), ROUNDS);
    return { rates, figures: unaryFigures(rates) };
  });
}

type UnaryStep = 'unary-echo' | 'unary-park' | 'redis-always';
type StreamStep = 'stream-echo' | 'stream-park' | 'naive' | 'redis-everysec';

/** The rates as they are measured by `measure`; then how long a park takes, alone and at half of what is possible. */
async function measured(
  measure: (
    cluster: BenchCluster,
  ) => Promise<{ readonly rates: Samples<UnaryStep>; readonly figures: readonly Figure[] }>,
): Promise<readonly Figure[]> {
  const cluster = await startBenchCluster();
  try {
    console.log(`${machine()}\n${ROUNDS} rounds of ${STEP_MS} ms a step, after 24 s and two rounds to warm up`);
    await warmUp(cluster, warmUps(cluster));
    const { rates, figures } = await measure(cluster);
    tell(rates);
    const maxPerSecond = median(rates['unary-park'].map(({ rate }) => rate));
    const timed = {
      ...cluster,
      kind: 'unary-park',
      address: cluster.gateway.address,
      echo: cluster.echo.address,
    } as const;
    return [...figures, ...(await measureTimes(timed, maxPerSecond, STEPS, IDS))];
  } finally {
    await cluster.stop();
  }
}

/** As many commands as compile an owner and a gateway, and as long a time for what they are compared with. */
function warmUps({ gateway, echo }: BenchCluster): readonly Load[] {
  return [
    { inFlight: IN_FLIGHT, ms: 12_000, kind: 'stream-park', address: gateway.address },
    { inFlight: IN_FLIGHT, ms: 6_000, kind: 'unary-park', address: gateway.address },
    { inFlight: IN_FLIGHT, ms: 6_000, kind: 'unary-echo', address: echo.address },
  ];
}

function unarySteps({ gateway, echo, redisAlways }: BenchCluster): Readonly<Record<UnaryStep, Load>> {
  const load = { inFlight: IN_FLIGHT, ms: STEP_MS };
  return {
    'unary-echo': { ...load, kind: 'unary-echo', address: echo.address },
    'unary-park': { ...load, kind: 'unary-park', address: gateway.address },
    'redis-always': { ...load, kind: 'naive', address: redisAlways.address },
  };
}

function streamSteps({ gateway, echo, naive, redisEverysec }: BenchCluster): Readonly<Record<StreamStep, Load>> {
  const load = { inFlight: IN_FLIGHT, ms: STEP_MS };
  return {
    'stream-echo': { ...load, kind: 'stream-echo', address: echo.address },
    'stream-park': { ...load, kind: 'stream-park', address: gateway.address },
    naive: { ...load, kind: 'naive', address: naive.address },
    'redis-everysec': { ...load, kind: 'naive', address: redisEverysec.address },
  };
}

function unaryFigures(samples: Samples<UnaryStep>): readonly Figure[] {
  return [
    ratioFigure('unary_ratio', samples, 'unary-park', 'unary-echo', 0.9),
    ratioFigure('unary_redis_ratio', samples, 'unary-park', 'redis-always', 0.9),
  ];
}

function streamFigures(samples: Samples<UnaryStep | StreamStep>): readonly Figure[] {
  const rates = samples['stream-park'].map(({ rate }) => rate);
  return [
    atLeast('stream_rate', median(rates), 20_000, 'per second', { spread: spread(rates) }),
    ratioFigure('stream_echo_ratio', samples, 'stream-park', 'stream-echo', 0.25),
    ratioFigure('stream_naive_ratio', samples, 'stream-park', 'naive', 15),
    ratioFigure('stream_redis_ratio', samples, 'stream-park', 'redis-always', 3),
  ];
}
