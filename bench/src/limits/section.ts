import { machine } from '../measure/machine.js';
import { median, ratios, spread } from '../measure/spread.js';
import { inRounds } from '../park/rounds.js';
import { tell } from '../park/tell.js';
import { startBackends } from '../processes/backends.js';
import { atLeast, type Figure } from '../result.js';
import { durableLimits } from './durable-limit.js';
import { streamLimit } from './stream-limit.js';

const IN_FLIGHT = 256;
const STEP_MS = Number(process.env['PARKADE_BENCH_STEP_MS'] ?? 2_500);
const ROUNDS = Number(process.env['PARKADE_BENCH_ROUNDS'] ?? 5);

/** The most that this machine leaves for the product to reach: `npm run bench -- limits`. */
export async function limitsSection(): Promise<readonly Figure[]> {
  return [...(await unaryLimits()), ...(await streamLimit()), ...(await durableLimits())];
}

/**
 * What the figures of unary calls could be at most on this machine: a gateway and an owner that check, decide and store nothing, asked by the same
 * clients.
 */
async function unaryLimits(): Promise<readonly Figure[]> {
  const backends = await startBackends();
  try {
    const owner = await backends.start({ role: 'echo' });
    const gateway = await backends.start({ role: 'bare-gateway', to: owner.address });
    const echo = await backends.start({ role: 'echo' });
    const load = await backends.start({ role: 'load' });
    console.log(`${machine()}\n${ROUNDS} rounds of ${STEP_MS} ms a step, after two to warm up`);
    const step = { inFlight: IN_FLIGHT, ms: STEP_MS };
    const samples = await inRounds(
      { load, cpu: () => backends.cpu({ load, gateway, owner, echo }), events: () => Promise.resolve(0) },
      {
        'unary-echo': { ...step, kind: 'unary-echo', address: echo.address },
        'unary-bare': { ...step, kind: 'unary-echo', address: gateway.address },
        'served-echo': { ...step, kind: 'served-echo', address: echo.address },
        'served-bare': { ...step, kind: 'served-echo', address: gateway.address },
      },
      ROUNDS,
    );
    tell(samples);
    const figure = (id: string, step: keyof typeof samples, baseline: keyof typeof samples, bar: number): Figure => {
      const rates = (name: keyof typeof samples): readonly number[] => samples[name].map(({ rate }) => rate);
      const values = ratios(rates(step), rates(baseline));
      return atLeast(id, median(values), bar, 'ratio', {
        spread: spread(values),
        baseline: `${baseline} ${Math.round(median(rates(baseline)))}/s`,
      });
    };
    return [
      figure('unary_limit', 'unary-bare', 'unary-echo', 0.9),
      figure('served_limit', 'served-bare', 'served-echo', 0.8),
    ];
  } finally {
    await backends.stop();
  }
}
