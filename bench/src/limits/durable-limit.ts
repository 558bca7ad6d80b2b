import { machine } from '../measure/machine.js';
import { median, ratios, spread } from '../measure/spread.js';
import { eventsOf } from '../park/cluster.js';
import { inRounds, warmUp } from '../park/rounds.js';
import { tell } from '../park/tell.js';
import { measureEchoTails, measureTimes } from '../park/times.js';
import { startBackends } from '../processes/backends.js';
import { atLeast, type Figure } from '../result.js';

const IN_FLIGHT = 256;
const STEP_MS = Number(process.env['PARKADE_BENCH_STEP_MS'] ?? 2_500);
const ROUNDS = Number(process.env['PARKADE_BENCH_ROUNDS'] ?? 5);

/**
 * How often, how soon and how evenly this machine answers durable unary calls about which nothing is decided: a gateway that reads and writes, an
 * owner that puts a record and a journal value into etcd and a line for NATS into a message. And the tails of a bare echo, at half of its own maximum.
 */
export async function durableLimits(): Promise<readonly Figure[]> {
  const backends = await startBackends();
  try {
    const owner = await backends.start({ role: 'limit-owner' });
    const gateway = await backends.start({ role: 'bare-gateway', to: owner.address });
    const echo = await backends.start({ role: 'echo' });
    const load = await backends.start({ role: 'load' });
    console.log(`${machine()}\n${ROUNDS} rounds of ${STEP_MS} ms a step, after 12 s and two rounds to warm up`);
    const cpu = (): Promise<Readonly<Record<string, number>>> => backends.cpu({ load, gateway, owner, echo });
    const measured = { load, cpu, events: () => eventsOf(owner) };
    const step = { kind: 'unary-echo', inFlight: IN_FLIGHT, ms: STEP_MS } as const;
    const steps = {
      'unary-echo': { ...step, address: echo.address },
      'unary-limit': { ...step, address: gateway.address },
    };
    await warmUp(measured, [
      { ...steps['unary-limit'], ms: 6_000 },
      { ...steps['unary-echo'], ms: 6_000 },
    ]);
    const samples = await inRounds(measured, steps, ROUNDS);
    tell(samples);
    const rates = (name: keyof typeof steps): readonly number[] => samples[name].map(({ rate }) => rate);
    const [echoes, durable] = [rates('unary-echo'), rates('unary-limit')];
    const values = ratios(durable, echoes);
    const beside = { spread: spread(values), baseline: `unary-echo ${Math.round(median(echoes))}/s` };
    const how = { ms: STEP_MS, rounds: ROUNDS, inFlight: IN_FLIGHT };
    const timed = { ...measured, echo: echo.address };
    const limit = { ...timed, kind: 'unary-echo', address: gateway.address } as const;
    return [
      atLeast('durable_limit', median(values), 0.9, 'ratio', beside),
      ...(await measureTimes(limit, median(durable), how, {
        latency: 'latency_limit',
        tail: 'tail_limit',
        tailIdle: 'tail_idle_limit',
      })),
      ...(await measureEchoTails(timed, median(echoes), how, { tail: 'tail_echo', tailIdle: 'tail_idle_echo' })),
    ];
  } finally {
    await backends.stop();
  }
}
