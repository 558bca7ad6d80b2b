import { machine } from '../measure/machine.js';
import { median, spread } from '../measure/spread.js';
import { eventsOf } from '../park/cluster.js';
import { ratioFigure } from '../park/ratio-figure.js';
import { inRounds, type Samples, warmUp } from '../park/rounds.js';
import { tell } from '../park/tell.js';
import { measureEchoTails, measureTimes } from '../park/times.js';
import { type Backends, startBackends } from '../processes/backends.js';
import type { Load } from '../processes/messages.js';
import { atLeast, type Figure } from '../result.js';

const IN_FLIGHT = 256;
const STEP_MS = Number(process.env['PARKADE_BENCH_STEP_MS'] ?? 2_500);
const ROUNDS = Number(process.env['PARKADE_BENCH_ROUNDS'] ?? 5);

type Step =
  | 'unary-limit'
  | 'served-limit'
  | 'stream-limit'
  | 'stream-log-limit'
  | 'unary-echo'
  | 'served-echo'
  | 'stream-echo'
  | 'naive'
  | 'redis-always';

/**
 * The most that this machine leaves to anyone of each figure of `park` and `served`: a gateway that only reads and writes, an owner that puts
 * a record and a journal value into etcd and a line for NATS into a message and decides nothing, beside the same baselines; an owner that
 * puts one value a transaction, whatever is in it; and the tails of the bare echo, at half of its own maximum. `npm run bench -- limits`.
 */
export async function limitsSection(): Promise<readonly Figure[]> {
  const backends = await startBackends();
  try {
    return await measured(backends);
  } finally {
    await backends.stop();
  }
}

async function measured(backends: Backends): Promise<readonly Figure[]> {
  const owner = await backends.start({ role: 'limit-owner' });
  const gateway = await backends.start({ role: 'bare-gateway', to: owner.address });
  const streamGateway = await backends.start({ role: 'limit-gateway', to: owner.address });
  const logOwner = await backends.start({ role: 'limit-log-owner' });
  const logGateway = await backends.start({ role: 'limit-gateway', to: logOwner.address });
  const echo = await backends.start({ role: 'echo' });
  const naiveOwner = await backends.start({ role: 'naive-owner' });
  const naive = await backends.start({ role: 'naive-gateway', to: naiveOwner.address });
  const redis = await backends.start({ role: 'redis-gateway', to: (await backends.redis('always')).path });
  const load = await backends.start({ role: 'load' });
  console.log(`${machine()}\n${ROUNDS} rounds of ${STEP_MS} ms a step, after 12 s and two rounds to warm up`);
  const processes = { load, gateway, streamGateway, owner, logGateway, logOwner, echo, naive, naiveOwner, redis };
  const cluster = {
    load,
    cpu: () => backends.cpu(processes),
    events: async () => (await eventsOf(owner)) + (await eventsOf(logOwner)),
  };
  const step = (kind: Load['kind'], { address }: { readonly address: string }): Load => ({
    kind,
    address,
    inFlight: IN_FLIGHT,
    ms: STEP_MS,
  });
  const steps: Readonly<Record<Step, Load>> = {
    'unary-limit': step('unary-echo', gateway),
    'served-limit': step('served-echo', gateway),
    'stream-limit': step('stream-echo', streamGateway),
    'stream-log-limit': step('stream-echo', logGateway),
    'unary-echo': step('unary-echo', echo),
    'served-echo': step('served-echo', echo),
    'stream-echo': step('stream-echo', echo),
    naive: step('naive', naive),
    'redis-always': step('naive', redis),
  };
  await warmUp(cluster, [
    { ...steps['unary-limit'], ms: 6_000 },
    { ...steps['unary-echo'], ms: 6_000 },
  ]);
  const samples = await inRounds(cluster, steps, ROUNDS);
  tell(samples);
  const middle = (name: Step): number => median(samples[name].map(({ rate }) => rate));
  const how = { ms: STEP_MS, rounds: ROUNDS, inFlight: IN_FLIGHT };
  const timed = { ...cluster, echo: echo.address };
  const limit = { ...timed, kind: 'unary-echo', address: gateway.address } as const;
  const ids = { latency: 'latency_limit', tail: 'tail_limit', tailIdle: 'tail_idle_limit' };
  const echoIds = { tail: 'tail_echo', tailIdle: 'tail_idle_echo' };
  return [
    ...rateFigures(samples),
    ...(await measureTimes(limit, middle('unary-limit'), how, ids)),
    ...(await measureEchoTails(timed, middle('unary-echo'), how, echoIds)),
  ];
}

/** Against the bars of the product's own figures. */
function rateFigures(samples: Samples<Step>): readonly Figure[] {
  const stream = samples['stream-limit'].map(({ rate }) => rate);
  return [
    ratioFigure('unary_limit', samples, 'unary-limit', 'unary-echo', 0.9),
    ratioFigure('unary_redis_limit', samples, 'unary-limit', 'redis-always', 0.9),
    ratioFigure('served_limit', samples, 'served-limit', 'served-echo', 0.8),
    atLeast('stream_limit', median(stream), 20_000, 'per second', { spread: spread(stream) }),
    ratioFigure('stream_echo_limit', samples, 'stream-limit', 'stream-echo', 0.25),
    ratioFigure('stream_naive_limit', samples, 'stream-limit', 'naive', 15),
    ratioFigure('stream_redis_limit', samples, 'stream-limit', 'redis-always', 3),
    ratioFigure('stream_naive_log_limit', samples, 'stream-log-limit', 'naive', 15),
  ];
}
