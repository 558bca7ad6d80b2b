import { setTimeout as delay } from 'node:timers/promises';
import { openParkClient } from '@parkade/cli';
import { SystemClock } from '@parkade/clock';
import { keys } from '@parkade/ids';
import { Owner, type ParkServiceClient } from '@parkade/proto';
import { applyDocument } from '@parkade/flow';
import { openEtcdStore, prefixRange, type Store } from '@parkade/store';
import { type RunningEtcd, startEtcd } from './etcd.js';
import { startNats, type TestNats } from './nats.js';
import { type CliProcess, startCli } from './process.js';
import { scrape } from './scrape.js';

export interface ClusterOptions {
  readonly owners?: number;
  readonly gateways?: number;
  readonly shards?: number;
  readonly autoTenants?: boolean;
  readonly leaseTtlMs?: number;
  /** A settings document written before anything starts. */
  readonly settings?: unknown;
}

/** A real cluster on loopback: etcd, NATS, owners and gateways, each a process of its own. */
export interface Cluster {
  readonly etcd: string;
  readonly nats: string;
  /** The cluster's own etcd and NATS, for ending and wiping them. */
  readonly etcdServer: RunningEtcd;
  readonly natsServer: TestNats;
  readonly shards: number;
  /** A client for each gateway, in their order. */
  readonly clients: readonly ParkServiceClient[];
  /** `host:port` of each gateway, in the order of `clients`. */
  readonly addresses: readonly string[];
  /** The cluster's own etcd, for looking at what is stored. */
  readonly store: Store;
  readonly processes: readonly CliProcess[];
  /** Starts a process of the cluster (`parkade <args>`), which ends with it. */
  start(name: string, args: readonly string[], environment?: NodeJS.ProcessEnv): CliProcess;
  /** The name of the process that owns a shard now. */
  ownerOf(shard: number): Promise<string | undefined>;
  /** Sends a signal to `owner-1`, `gateway-2`, …; resolves when one that ends it has ended it. */
  kill(name: string, signal: NodeJS.Signals): Promise<void>;
  /** What `owner-1`, `gateway-2`, … tell Prometheus now. */
  metricsOf(name: string): Promise<string>;
  /** Resolves when every shard has an owner that runs. */
  served(timeoutMs?: number): Promise<void>;
  /** What every process has said. */
  logs(): string;
  /** Ends everything. */
  stop(): Promise<void>;
}

const SERVED_WITHIN_MS = 45_000;
const STOP_WITHIN_MS = 15_000;

/** Starts a cluster; resolves when every shard is served and every gateway listens. */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const { owners = 3, gateways = 2, shards = 48, autoTenants = true, leaseTtlMs = 2_000, settings } = options;
  const ends: (() => unknown)[] = [];
  const stop = async (): Promise<void> => {
    for (const end of ends.splice(0).reverse()) await end();
  };
  try {
    const [etcd, nats] = await Promise.all([startEtcd(), startNats()]);
    ends.push(() => etcd.stop());
    ends.push(() => nats.stop());
    const store = await openEtcdStore({ endpoints: [etcd.endpoint], clock: new SystemClock() });
    ends.push(() => store.close());
    if (settings !== undefined) {
      const applied = await applyDocument(store, settings);
      if (!applied.ok) throw new Error(JSON.stringify(applied.issues));
    }

    const processes: CliProcess[] = [];
    const start: Cluster['start'] = (name, args, environment) => {
      const common = [
        '--etcd',
        etcd.endpoint,
        '--shards',
        String(shards),
        '--metrics',
        '127.0.0.1:0',
        '--log-level',
        'info',
      ];
      const child = startCli(name, [...args, ...common], environment);
      processes.push(child);
      ends.push(async () => {
        child.signal('SIGKILL');
        await child.ended(STOP_WITHIN_MS);
      });
      return child;
    };
    const addressOf = async (child: CliProcess): Promise<string> =>
      (await child.printed(/^listening on (\S+)$/m))[1] ?? '';

    const ownerArgs = ['slot-shard', '--nats', nats.url, '--lease-ttl', `${leaseTtlMs}ms`];
    const owned = Array.from({ length: owners }, (_, i) =>
      start(`owner-${i + 1}`, [...ownerArgs, '--member-id', `owner-${i + 1}`]),
    );
    const gatewayArgs = ['gateway', '--port', '0', ...(autoTenants ? ['--auto-tenants'] : [])];
    const doors = Array.from({ length: gateways }, (_, i) => start(`gateway-${i + 1}`, gatewayArgs));
    await Promise.all(owned.map(addressOf));
    const addresses = await Promise.all(doors.map(addressOf));
    const clients = addresses.map((address) => openParkClient(address));
    ends.push(() => clients.forEach((client) => client.close()));

    const members = async (): Promise<ReadonlyMap<number, string>> => {
      const { kvs } = await store.range(prefixRange(keys.owners('slot-shard')));
      return new Map(kvs.map(({ key, value }) => [Number(key.split('/').at(-1)), Owner.decode(value).memberId]));
    };
    const cluster: Cluster = {
      etcd: etcd.endpoint,
      nats: nats.url,
      etcdServer: etcd,
      natsServer: nats,
      shards,
      clients,
      addresses,
      store,
      processes,
      start,
      ownerOf: async (shard) => (await members()).get(shard),
      kill: async (name, signal) => {
        const child = processes.findLast((one) => one.name === name);
        if (child === undefined) throw new Error(`there is no process ${name}`);
        child.signal(signal);
        if (signal === 'SIGKILL' || signal === 'SIGTERM') await child.ended();
      },
      metricsOf: async (name) => {
        const child = processes.find((one) => one.name === name);
        if (child === undefined) throw new Error(`there is no process ${name}`);
        return scrape(child);
      },
      served: async (timeoutMs = SERVED_WITHIN_MS) => {
        const untilMs = Date.now() + timeoutMs;
        for (;;) {
          const alive = new Set(owned.filter(({ exitCode }) => exitCode === undefined).map(({ name }) => name));
          const served = [...(await members()).values()].filter((member) => alive.has(member)).length;
          if (served === shards) return;
          if (Date.now() > untilMs) throw new Error(`only ${served} of ${shards} shards are served\n${cluster.logs()}`);
          await delay(20);
        }
      },
      logs: () =>
        processes.map((one) => `--- ${one.name} (${one.exitCode ?? 'runs'})\n${one.stderr().slice(-5_000)}`).join('\n'),
      stop,
    };
    await cluster.served();
    return cluster;
  } catch (error) {
    await stop();
    throw error;
  }
}
