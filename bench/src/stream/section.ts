import { machine } from '../measure/machine.js';
import { median, ratios, spread } from '../measure/spread.js';
import { eventsOf } from '../park/cluster.js';
import { inRounds } from '../park/rounds.js';
import { tell } from '../park/tell.js';
import { type Backends, startBackends } from '../processes/backends.js';
import type { BenchProcess } from '../processes/bench-process.js';
import type { Load } from '../processes/messages.js';
import { served } from '../processes/served.js';
import { atLeast, type Figure } from '../result.js';

const IN_FLIGHT = 256;
const SHARDS = 256;
const STEP_MS = Number(process.env['PARKADE_BENCH_STEP_MS'] ?? 2_500);
const ROUNDS = Number(process.env['PARKADE_BENCH_ROUNDS'] ?? 5);

/** Another checkout of Parkade, built: its owner and gateway are measured beside these. */
const BESIDE = process.env['PARKADE_BENCH_BESIDE'];

/** A cluster of its own: etcd, NATS, an owner and a gateway. */
interface Side {
  readonly owner: BenchProcess;
  readonly gateway: BenchProcess;
  readonly cpu: () => Promise<Readonly<Record<string, number>>>;
}

/**
 * Durable commands on a stream and nothing else, to see what a change does: `npm run bench -- stream`. With `PARKADE_BENCH_BESIDE` the
 * state before it runs in a cluster of its own, and both are loaded in turn.
 */
export async function streamSection(): Promise<readonly Figure[]> {
  const backends = await startBackends();
  const all: Backends[] = [backends];
  try {
    const sides: Record<string, Side> = { here: await startSide(backends) };
    const load = await backends.start({ role: 'load' });
    if (BESIDE !== undefined) {
      const others = await startBackends({ checkout: BESIDE, key: backends.key });
      all.push(others);
      sides['beside'] = await startSide(others);
    }
    return await measured(sides, load);
  } finally {
    for (const each of all) await each.stop();
  }
}

async function measured(sides: Readonly<Record<string, Side>>, load: BenchProcess): Promise<readonly Figure[]> {
  console.log(`${machine()}\n${ROUNDS} rounds of ${STEP_MS} ms a step, after two to warm up`);
  const all = Object.entries(sides);
  const cpu = async (): Promise<Record<string, number>> => {
    const used: Record<string, number> = { load: await load.ask('cpu', undefined) };
    for (const [side, one] of all) {
      for (const [name, us] of Object.entries(await one.cpu())) used[`${side} ${name}`] = us;
    }
    return used;
  };
  const events = async (): Promise<number> => {
    let stored = 0;
    for (const [, { owner }] of all) stored += await eventsOf(owner);
    return stored;
  };
  const step = ({ gateway: { address } }: Side): Load => ({
    kind: 'stream-park',
    address,
    inFlight: IN_FLIGHT,
    ms: STEP_MS,
  });
  const steps = Object.fromEntries(all.map(([name, side]) => [name, step(side)]));
  const samples = await inRounds({ load, cpu, events }, steps, ROUNDS);
  tell(samples);
  const rates = (name: string): readonly number[] => (samples[name] ?? []).map(({ rate }) => rate);
  const rate = atLeast('stream_rate', median(rates('here')), 20_000, 'per second', { spread: spread(rates('here')) });
  if (sides['beside'] === undefined) return [rate];
  const gains = ratios(rates('here'), rates('beside'));
  return [rate, atLeast('stream_gain', median(gains), 1, 'ratio', { spread: spread(gains) })];
}

async function startSide(backends: Backends): Promise<Side> {
  const owner = await backends.start({ role: 'owner' });
  const gateway = await backends.start({ role: 'gateway' });
  await served(owner, SHARDS);
  return { owner, gateway, cpu: () => backends.cpu({ owner, gateway }) };
}
