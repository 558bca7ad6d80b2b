import { machine } from '../measure/machine.js';
import { median, ratios, spread } from '../measure/spread.js';
import { eventsOf } from '../park/cluster.js';
import { inRounds, warmUp } from '../park/rounds.js';
import { tell } from '../park/tell.js';
import { startBackends } from '../processes/backends.js';
import type { Load } from '../processes/messages.js';
import { served } from '../processes/served.js';
import { SERVED_LOTS, SERVED_SLOTS, SERVED_TENANT } from '../processes/served-loads.js';
import { atLeast, type Figure } from '../result.js';
import { makeLots } from './lots.js';

const SHARDS = 256;
const IN_FLIGHT = 256;
const STEP_MS = Number(process.env['PARKADE_BENCH_STEP_MS'] ?? 2_500);
const ROUNDS = Number(process.env['PARKADE_BENCH_ROUNDS'] ?? 5);

/**
 * What the servers themselves can do, asked by a client that costs little: durable parks, each into the next slot of a large lot, against a
 * bare grpc-js echo of the same message: `npm run bench -- served`.
 */
export async function servedSection(): Promise<readonly Figure[]> {
  const backends = await startBackends();
  try {
    const owner = await backends.start({ role: 'owner' });
    const gateway = await backends.start({ role: 'gateway' });
    const echo = await backends.start({ role: 'echo' });
    const load = await backends.start({ role: 'load' });
    await served(owner, SHARDS);
    await makeLots(backends.etcd.endpoint, SERVED_TENANT, SERVED_LOTS, SERVED_SLOTS);
    console.log(`${machine()}\n${ROUNDS} rounds of ${STEP_MS} ms a step, after 20 s and two rounds to warm up`);
    const cpu = () => backends.cpu({ load, gateway, owner, echo });
    const step = { inFlight: IN_FLIGHT, ms: STEP_MS };
    const echoes: Load = { ...step, kind: 'served-echo', address: echo.address };
    const parks: Load = { ...step, kind: 'served-park', address: gateway.address };
    await warmUp({ load }, [
      { ...parks, ms: 15_000 },
      { ...echoes, ms: 5_000 },
    ]);
    const steps = { 'served-echo': echoes, 'served-park': parks };
    const samples = await inRounds({ load, cpu, events: () => eventsOf(owner) }, steps, ROUNDS);
    tell(samples);
    const rates = (name: keyof typeof samples): readonly number[] => samples[name].map(({ rate }) => rate);
    const values = ratios(rates('served-park'), rates('served-echo'));
    const baseline = `bare grpc-js echo ${Math.round(median(rates('served-echo')))}/s`;
    return [atLeast('served_ratio', median(values), 0.8, 'ratio', { spread: spread(values), baseline })];
  } finally {
    await backends.stop();
  }
}
