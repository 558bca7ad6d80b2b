import { setTimeout as delay } from 'node:timers/promises';
import { startBackends } from '../processes/backends.js';
import type { BenchProcess } from '../processes/bench-process.js';
import { served } from '../processes/served.js';

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

/** Starts it; resolves when every shard is served. Rejects, with nothing left running, where something does not start. */
export async function startBenchCluster(): Promise<BenchCluster> {
  const backends = await startBackends();
  try {
    const owner = await backends.start({ role: 'owner' });
    const gateway = await backends.start({ role: 'gateway' });
    const echo = await backends.start({ role: 'echo' });
    const naiveOwner = await backends.start({ role: 'naive-owner' });
    const naive = await backends.start({ role: 'naive-gateway', to: naiveOwner.address });
    const load = await backends.start({ role: 'load' });
    await served(owner, SHARDS);
    const cpu = (): ReturnType<BenchCluster['cpu']> => backends.cpu({ load, gateway, owner, echo, naive, naiveOwner });
    return { load, gateway, owner, echo, naive, cpu, events: () => quiet(owner), stop: () => backends.stop() };
  } catch (error) {
    await backends.stop();
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
