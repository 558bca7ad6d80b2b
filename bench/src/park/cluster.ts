import { setTimeout as delay } from 'node:timers/promises';
import { startEtcd, startNats } from '@parkade/test';
import { processCpuUs } from '../measure/process-cpu.js';
import { BenchProcess } from '../processes/bench-process.js';

/** Everything a comparison needs, each in a process of its own on this machine. */
export interface BenchCluster {
  readonly load: BenchProcess;
  readonly gateway: BenchProcess;
  readonly owner: BenchProcess;
  readonly echo: BenchProcess;
  readonly naive: BenchProcess;
  /** CPU time used so far, microseconds, by process. */
  cpu(): Promise<Readonly<Record<string, number>>>;
  /** Resolves to how many events were stored so far, once no more come: what a load left to be done is part of its cost. */
  events(): Promise<number>;
  stop(): Promise<void>;
}

/** Shards of a cluster where nothing else is said. */
const SHARDS = 256;
const SERVED_WITHIN_MS = 30_000;

/** Starts it; resolves when every shard is served. Rejects, with nothing left running, where something does not start. */
export async function startBenchCluster(): Promise<BenchCluster> {
  const ends: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const end of ends.splice(0).reverse()) await end();
  };
  try {
    const etcd = await startEtcd({ extraArgs: ['--quota-backend-bytes', String(8 * 2 ** 30)] });
    ends.push(() => etcd.stop());
    const nats = await startNats();
    ends.push(() => nats.stop());
    const start = async (...setup: Parameters<typeof BenchProcess.start>): Promise<BenchProcess> => {
      const started = await BenchProcess.start(...setup);
      ends.push(() => started.stop());
      return started;
    };
    const stores = { etcd: etcd.endpoint, nats: nats.url };
    const owner = await start({ role: 'owner', ...stores });
    const gateway = await start({ role: 'gateway', ...stores });
    const echo = await start({ role: 'echo' });
    const naiveOwner = await start({ role: 'naive-owner', ...stores });
    const naive = await start({ role: 'naive-gateway', to: naiveOwner.address });
    const load = await start({ role: 'load', ...stores });
    await served(owner);
    const asked = { load, gateway, owner, echo, naive, naiveOwner };
    const cpu = async (): Promise<Readonly<Record<string, number>>> => {
      const used: Record<string, number> = { etcd: await processCpuUs(etcd.pid), nats: await processCpuUs(nats.pid) };
      for (const [name, one] of Object.entries(asked)) used[name] = await one.ask('cpu', undefined);
      return used;
    };
    return { load, gateway, owner, echo, naive, cpu, events: () => quiet(owner), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function quiet(owner: BenchProcess): Promise<number> {
  for (let before = -1; ;) {
    const events = await owner.ask('events', undefined);
    if (events === before) return events;
    before = events;
    await delay(100);
  }
}

async function served(owner: BenchProcess): Promise<void> {
  const endMs = Date.now() + SERVED_WITHIN_MS;
  while ((await owner.ask('shards', undefined)) < SHARDS) {
    if (Date.now() > endMs) throw new Error('not every shard found its owner');
    await delay(50);
  }
}
