import { setTimeout as delay } from 'node:timers/promises';
import { SystemClock } from '@parkade/clock';
import { registerMediaNode } from '@parkade/media';
import { putLot, putTenant } from '@parkade/settings';
import { openEtcdStore } from '@parkade/store';
import { machine } from '../measure/machine.js';
import { type Backends, startBackends } from '../processes/backends.js';
import type { BenchProcess } from '../processes/bench-process.js';
import { SWITCH_SLOTS, SWITCH_TENANT } from '../processes/run-switch.js';
import { served } from '../processes/served.js';
import { atMost, type Figure, none } from '../result.js';
import { growthOf, tell } from './queues.js';

/** How long the load lasts, seconds; for a quick look, less will do. */
const SECONDS = Number(process.env['PARKADE_BENCH_SECONDS'] ?? 60);
const LOAD = { parked: 2_000, perSecond: 50, seconds: SECONDS };
const SHARDS = 16;
const LOOK_EVERY_MS = 250;
/** What a person takes for at once; nobody asked for more. */
const ALLOWED_P99_MS = 500;
/** What queues may have grown by from the first quarter to the last, on average: a request or two. */
const ALLOWED_GROWTH = 2;

/**
 * 2,000 parked calls on a simulated switch, and 50 parks and 50 retrieves a second for a minute through one media process, on etcd and
 * NATS: `npm run bench -- media`.
 */
export async function mediaSection(): Promise<readonly Figure[]> {
  const backends = await startBackends();
  try {
    const simulated = await backends.start({ role: 'switch' });
    await configure(backends.etcd.endpoint, simulated.address);
    const owner = await backends.start({ role: 'owner', shards: SHARDS });
    const gateway = await backends.start({ role: 'gateway' });
    await served(owner, SHARDS);
    const media = await backends.start({ role: 'media', to: gateway.address });
    await simulated.ask('route', portOf(media.address));
    await served(media, 1);
    return await measure(backends, { simulated, media, gateway, owner });
  } finally {
    await backends.stop();
  }
}

async function measure(
  backends: Backends,
  processes: Readonly<Record<'simulated' | 'media' | 'gateway' | 'owner', BenchProcess>>,
): Promise<readonly Figure[]> {
  const { simulated, media } = processes;
  console.log(`  ${machine()}`);
  await simulated.ask('calls', { ...LOAD, seconds: 0 });
  const before = await backends.cpu(processes);
  const load = { done: false };
  const running = simulated.ask('calls', LOAD).finally(() => (load.done = true));
  const depths: Readonly<Record<string, number>>[] = [];
  while (!load.done) {
    depths.push({ ...(await media.ask('queues', undefined)), ...(await simulated.ask('queues', undefined)) });
    await delay(LOOK_EVERY_MS);
  }
  const result = await running;
  const after = await backends.cpu(processes);
  const commands = result.parks + result.retrieves;
  for (const [name, us] of Object.entries(after)) {
    console.log(
      `  ${name.padEnd(10)}${((us - (before[name] ?? 0)) / commands).toFixed(0).padStart(6)} µs CPU a command`,
    );
  }
  tell(depths);
  const shown = ([p50, p99]: readonly [number, number]): string => `p50 ${p50.toFixed(1)}, p99 ${p99.toFixed(1)} ms`;
  console.log(
    `  ${result.parks} parks: ${shown(result.parkMs)}; ${result.retrieves} retrieves: ${shown(result.retrieveMs)}`,
  );
  return [
    atMost('media_command_p99_ms', result.allMs[1], ALLOWED_P99_MS, 'ms'),
    atMost('media_command_p50_ms', result.allMs[0], ALLOWED_P99_MS, 'ms'),
    atMost('media_queue_growth', growthOf(depths), ALLOWED_GROWTH, 'waiting'),
    none('media_failed', result.failed, 'calls'),
  ];
}

async function configure(etcd: string, address: string): Promise<void> {
  const store = await openEtcdStore({ endpoints: [etcd], clock: new SystemClock() });
  await putTenant(store, SWITCH_TENANT, {});
  const { first, last } = SWITCH_SLOTS;
  await putLot(store, SWITCH_TENANT, 'default', { ranges: [{ first: String(first), last: String(last) }] });
  const node = { name: 'media-1', host: '127.0.0.1', port: portOf(address), sipAddress: '', recovers: false };
  const fault = await registerMediaNode(store, node);
  if (fault !== undefined) throw new Error(fault);
  await store.close();
}

function portOf(address: string): number {
  return Number(address.split(':')[1]);
}
