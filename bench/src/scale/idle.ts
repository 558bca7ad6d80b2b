import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { SystemClock } from '@parkade/clock';
import { registerMediaNode } from '@parkade/media';
import { putLot, putTenant } from '@parkade/settings';
import { openEtcdStore } from '@parkade/store';
import { startBackends } from '../processes/backends.js';
import type { BenchProcess } from '../processes/bench-process.js';
import { SWITCH_TENANT } from '../processes/run-switch.js';
import { atMost, type Figure } from '../result.js';

const SHARDS = 256;
/** V8 collects what starting left 15 to 105 s after it, three times in a row in each process: once, so no part of being idle. */
const SETTLE_MS = 110_000;
/** Once a minute each shard's mark is written: a look is as long, so that it has its share. */
const LOOK_MS = Number(process.env['PARKADE_BENCH_SECONDS'] ?? 60) * 1_000;

/** What a cluster uses that has nothing to do: three owners, two gateways, recall and media processes, etcd and NATS. */
export async function idleFigures(): Promise<readonly Figure[]> {
  const backends = await startBackends();
  try {
    const simulated = await backends.start({ role: 'switch' });
    const store = await openEtcdStore({ endpoints: [backends.etcd.endpoint], clock: new SystemClock() });
    await putTenant(store, SWITCH_TENANT, {});
    await putLot(store, SWITCH_TENANT, 'default', { ranges: [{ first: '701', last: '720' }] });
    const port = Number(simulated.address.split(':')[1]);
    await registerMediaNode(store, { name: 'media-1', host: '127.0.0.1', port, sipAddress: '', recovers: false });
    await store.close();
    const processes: Record<string, BenchProcess> = {};
    for (const i of [1, 2, 3]) processes[`owner ${i}`] = await backends.start({ role: 'owner', shards: SHARDS });
    const gateway = await backends.start({ role: 'gateway' });
    processes['gateway 1'] = gateway;
    processes['gateway 2'] = await backends.start({ role: 'gateway' });
    processes['recall'] = await backends.start({ role: 'recall' });
    processes['media'] = await backends.start({ role: 'media', to: gateway.address });
    await delay(SETTLE_MS);
    const pids: Record<string, number> = { etcd: backends.etcd.pid, nats: backends.nats.pid };
    for (const [name, { pid }] of Object.entries(processes)) pids[name] = pid;
    const [before, slept, startMs] = [await backends.cpu(processes), await wakeUps(pids), Date.now()];
    await delay(LOOK_MS);
    const [after, woken, us] = [await backends.cpu(processes), await wakeUps(pids), (Date.now() - startMs) * 1_000];
    const perSecond = (name: string): number => (1e6 * ((woken[name] ?? 0) - (slept[name] ?? 0))) / us;
    const percents = Object.entries(after).map(
      ([name, used]) => [name, (100 * (used - (before[name] ?? 0))) / us] as const,
    );
    for (const [name, percent] of percents)
      console.log(
        `  ${name.padEnd(10)}${percent.toFixed(2).padStart(6)}% of a core, ${perSecond(name).toFixed(0)} wake-ups/s`,
      );
    const all = percents.reduce((sum, [, percent]) => sum + percent, 0);
    return [atMost('idle_cpu_percent', all, 6, '% of a core')];
  } finally {
    await backends.stop();
  }
}

/** How often the threads of each process have slept and been woken so far. */
async function wakeUps(pids: Readonly<Record<string, number>>): Promise<Readonly<Record<string, number>>> {
  const woken: Record<string, number> = {};
  for (const [name, pid] of Object.entries(pids)) {
    woken[name] = 0;
    for (const thread of await readdir(`/proc/${pid}/task`)) {
      const status = await readFile(`/proc/${pid}/task/${thread}/status`, 'utf8').catch(() => '');
      woken[name] += Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(status)?.[1] ?? 0);
    }
  }
  return woken;
}
