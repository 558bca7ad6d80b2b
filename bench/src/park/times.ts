import { median, ratios, spread } from '../measure/spread.js';
import type { Load } from '../processes/messages.js';
import { atMost, type Figure } from '../result.js';
import type { BenchCluster } from './cluster.js';
import { inRounds, type Sample, type Samples } from './rounds.js';
import { tell } from './tell.js';

/** Whose times are measured, by which kind of load, and the bare echo beside it. */
export interface Timed extends Pick<BenchCluster, 'load' | 'cpu' | 'events'> {
  readonly kind: 'unary-park' | 'unary-echo';
  readonly address: string;
  readonly echo: string;
}

/** How the figures are named. */
export interface TimeIds {
  readonly latency: string;
  readonly tail: string;
  readonly tailIdle: string;
}

/** How long each step of a round takes, how many rounds there are, and how many may be under way at half of what is possible. */
export interface Steps {
  readonly ms: number;
  readonly rounds: number;
  readonly inFlight: number;
}

type OneStep = 'one' | 'one-put' | 'one-echo';

/** How long an operation takes that is alone, and one at half of `maxPerSecond`. */
export async function measureTimes(
  timed: Timed,
  maxPerSecond: number,
  steps: Steps,
  ids: TimeIds,
): Promise<readonly Figure[]> {
  const ones = await measureOnes(timed, steps);
  tell(ones);
  const halves = await measureHalf(timed, maxPerSecond / 2, steps);
  tell({ half: halves });
  const idleMs = median(ones.one.map(({ p50Ms }) => p50Ms));
  return [latencyFigure(ids.latency, ones), ...tailFigures(ids, halves, idleMs)];
}

function measureOnes(timed: Timed, { ms, rounds }: Steps): Promise<Samples<OneStep>> {
  const load = { inFlight: 1, ms: ms / 2 };
  return inRounds(
    timed,
    {
      one: { ...load, kind: timed.kind, address: timed.address },
      'one-put': { ...load, kind: 'etcd-put', address: '' },
      'one-echo': { ...load, kind: 'unary-echo', address: timed.echo },
    },
    rounds,
  );
}

/** What a new client sends until its connection stands waits for that, and is not counted. */
const LEAD_IN_MS = 500;

/** Operations at this rate, as evenly as a millisecond allows. */
async function measureHalf(
  timed: Timed,
  perSecond: number,
  { ms, rounds, inFlight }: Steps,
): Promise<readonly Sample[]> {
  const half: Load = { kind: timed.kind, address: timed.address, inFlight, ms, perSecond, leadInMs: LEAD_IN_MS };
  return (await inRounds(timed, { half }, rounds)).half;
}

/** Of a grpc-js client and a grpc-js server that answers what it is asked, at half of what they can: what the machine leaves to anyone. */
export async function measureEchoTails(
  timed: Omit<Timed, 'kind' | 'address'>,
  maxPerSecond: number,
  steps: Steps,
  ids: Omit<TimeIds, 'latency'>,
): Promise<readonly Figure[]> {
  const echo = { ...timed, kind: 'unary-echo', address: timed.echo } as const;
  const one: Load = { kind: 'unary-echo', address: timed.echo, inFlight: 1, ms: steps.ms / 2 };
  const ones = await inRounds(timed, { one }, steps.rounds);
  const halves = await measureHalf(echo, maxPerSecond / 2, steps);
  tell({ 'one-echo': ones.one, 'half-echo': halves });
  return tailFigures(ids, halves, median(ones.one.map(({ p50Ms }) => p50Ms)));
}

function latencyFigure(id: string, samples: Samples<OneStep>): Figure {
  const p50 = (step: OneStep): readonly number[] => samples[step].map(({ p50Ms }) => p50Ms);
  const baselines = p50('one-put').map((put, i) => put + (p50('one-echo')[i] ?? NaN));
  const values = ratios(p50('one'), baselines);
  const baseline = `one etcd put + one unary echo ${median(baselines).toFixed(2)} ms`;
  return atMost(id, median(values), 1.6, 'ratio', { spread: spread(values), baseline });
}

function tailFigures(
  { tail, tailIdle }: Omit<TimeIds, 'latency'>,
  halves: readonly Sample[],
  idleMs: number,
): readonly Figure[] {
  const at = `at ${Math.round(median(halves.map(({ rate }) => rate)))}/s`;
  const figure = (id: string, of: (sample: Sample) => number, bar: number): Figure => {
    const values = halves.map(of);
    return atMost(id, median(values), bar, 'ratio', { spread: spread(values), baseline: at });
  };
  return [figure(tail, ({ p50Ms, p99Ms }) => p99Ms / p50Ms, 4), figure(tailIdle, ({ p99Ms }) => p99Ms / idleMs, 10)];
}
