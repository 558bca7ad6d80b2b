import { setTimeout as delay } from 'node:timers/promises';
import { processCpuUs } from '../measure/process-cpu.js';
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
  /** A slot registry on Redis that syncs each write, and one that syncs once a second. */
  readonly redisAlways: BenchProcess;
  readonly redisEverysec: BenchProcess;
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
    const redis = { always: await backends.redis('always'), everysec: await backends.redis('everysec') };
    const redisAlways = await backends.start({ role: 'redis-gateway', to: redis.always.path });
    const redisEverysec = await backends.start({ role: 'redis-gateway', to: redis.everysec.path });
    const load = await backends.start({ role: 'load' });
    await served(owner, SHARDS);
    const all = { load, gateway, owner, echo, naive, naiveOwner, redisAlways, redisEverysec };
    const cpu = async (): ReturnType<BenchCluster['cpu']> => ({
      ...(await backends.cpu(all)),
      redis: await processCpuUs(redis.always.pid),
    });
    return {
      load,
      gateway,
      owner,
      echo,
      naive,
      redisAlways,
      redisEverysec,
      cpu,
      events: () => eventsOf(owner),
      stop: () => backends.stop(),
    };
  } catch (error) {
    await backends.stop();
    throw error;
  }
}

/** How many events an owner has published, once no more come. */
export async function eventsOf(owner: BenchProcess): Promise<number> {
  for (let before = -1; ;) {
    const events = await owner.ask('events', undefined);
    if (events === before) return events;
    before = events;
    await delay(100);
  }
}
