import { machine } from '../measure/machine.js';
import { median, spread } from '../measure/spread.js';
import { eventsOf } from '../park/cluster.js';
import { inRounds } from '../park/rounds.js';
import { tell } from '../park/tell.js';
import { startBackends } from '../processes/backends.js';
import { atLeast, type Figure } from '../result.js';

const IN_FLIGHT = 256;
const STEP_MS = Number(process.env['PARKADE_BENCH_STEP_MS'] ?? 2_500);
const ROUNDS = Number(process.env['PARKADE_BENCH_ROUNDS'] ?? 5);

/**
 * What is left of a stream command where nothing is decided: the same processes and the same messages between them, a record and a
 * journal value in etcd and a line for NATS, and nothing else.
 */
export async function streamLimit(): Promise<readonly Figure[]> {
  const backends = await startBackends();
  try {
    const owner = await backends.start({ role: 'limit-owner' });
    const gateway = await backends.start({ role: 'limit-gateway', to: owner.address });
    const load = await backends.start({ role: 'load' });
    console.log(`${machine()}\n${ROUNDS} rounds of ${STEP_MS} ms a step, after two to warm up`);
    const samples = await inRounds(
      { load, cpu: () => backends.cpu({ load, gateway, owner }), events: () => eventsOf(owner) },
      { limit: { kind: 'stream-echo', address: gateway.address, inFlight: IN_FLIGHT, ms: STEP_MS } },
      ROUNDS,
    );
    tell(samples);
    const rates = samples.limit.map(({ rate }) => rate);
    return [atLeast('limit_rate', median(rates), 20_000, 'per second', { spread: spread(rates) })];
  } finally {
    await backends.stop();
  }
}
