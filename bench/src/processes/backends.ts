import { type DevKey, newDevKey } from '@parkade/identity';
import { type RunningEtcd, startEtcd, startNats, type TestNats } from '@parkade/test';
import { processCpuUs } from '../measure/process-cpu.js';
import { BenchProcess } from './bench-process.js';
import { type Fsync, type RunningRedis, startRedis } from './redis.js';
import { LOAD_TENANTS } from './requests.js';
import { SERVED_TENANT } from './served-loads.js';
import { tokenFor } from './trust.js';

/** etcd and NATS of a bench, and the processes that were started beside them. */
export interface Backends {
  readonly etcd: RunningEtcd;
  readonly nats: TestNats;
  /** What all tokens are signed with. */
  readonly key: DevKey;
  /** An operator's token. */
  readonly token: string;
  /** Of the processes of the cluster. */
  readonly clusterToken: string;
  /** A token of somebody who may park and retrieve in these tenants. */
  tokenFor(tenants: readonly string[]): Promise<string>;
  /** Starts a process that knows both, and who is who. Rejects where it does not come up. */
  start(setup: Parameters<typeof BenchProcess.start>[0]): Promise<BenchProcess>;
  /** A Redis beside them. */
  redis(fsync: Fsync): Promise<RunningRedis>;
  /** CPU time of etcd, NATS and the named processes so far, microseconds. */
  cpu(asked: Readonly<Record<string, BenchProcess>>): Promise<Readonly<Record<string, number>>>;
  /** Ends everything that was started here, the latest first. */
  stop(): Promise<void>;
}

/** What others than these are to have in common with them. */
export interface Shared {
  /** Where the processes beside them are from; absent: this checkout. */
  readonly checkout?: string | undefined;
  /** Absent: a new one. */
  readonly key?: DevKey | undefined;
}

/** A real etcd that a bench cannot fill, and a real NATS. Rejects, with nothing left running, where one does not start. */
export async function startBackends({ checkout, key: given }: Shared = {}): Promise<Backends> {
  const ends: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const end of ends.splice(0).reverse()) await end();
  };
  try {
    const etcd = await startEtcd({ extraArgs: ['--quota-backend-bytes', String(8 * 2 ** 30)] });
    ends.push(() => etcd.stop());
    const nats = await startNats();
    ends.push(() => nats.stop());
    const key = given ?? (await newDevKey());
    const token = await tokenFor(key, Date.now());
    const forTenants = (tenants: readonly string[]): Promise<string> => tokenFor(key, Date.now(), tenants);
    const tenants = [...LOAD_TENANTS, SERVED_TENANT];
    const loadToken = await forTenants(tenants);
    const own = await Promise.all(tenants.map(async (tenant) => [tenant, await forTenants([tenant])] as const));
    const tokens = Object.fromEntries(own);
    const { jwks, clusterToken } = key;
    return {
      etcd,
      nats,
      key,
      token,
      clusterToken,
      tokenFor: forTenants,
      start: async (setup) => {
        const shown = setup.role === 'load' ? { token: loadToken, tokens } : { token };
        const known = { etcd: etcd.endpoint, nats: nats.url, jwks, clusterToken, ...shown };
        const started = await BenchProcess.start({ ...known, ...setup }, checkout);
        ends.push(() => started.stop());
        return started;
      },
      redis: async (fsync) => {
        const redis = await startRedis(fsync);
        ends.push(() => redis.stop());
        return redis;
      },
      cpu: async (asked) => {
        const used: Record<string, number> = { etcd: await processCpuUs(etcd.pid), nats: await processCpuUs(nats.pid) };
        for (const [name, one] of Object.entries(asked)) used[name] = await one.ask('cpu', undefined);
        return used;
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
