import { setTimeout as delay } from 'node:timers/promises';
import { openParkClient } from '@parkade/cli';
import { SystemClock } from '@parkade/clock';
import { keys } from '@parkade/ids';
import { Owner, type ParkServiceClient } from '@parkade/proto';
import { applyDocument } from '@parkade/flow';
import { openEtcdStore, prefixRange, type Store } from '@parkade/store';
import { type RunningEtcd, startEtcdCluster } from './etcd.js';
import type { Network } from './network.js';
import { freePorts } from './ports.js';
import { startNats, type TestNats } from './nats.js';
import { type CliProcess, startCli } from './process.js';
import { scrape } from './scrape.js';

export interface ClusterOptions {
  readonly owners?: number;
  readonly gateways?: number;
  /** Processes that bring calls back; default none. */
  readonly recalls?: number;
  readonly etcdMembers?: number;
  /** Added to etcd's command line. */
  readonly etcdArgs?: readonly string[];
  /** Stands between all parts, where it is given; owners are then reached through it, and so is what kills them not seen as a refused connection. */
  readonly network?: Network;
  /** Added to the environment of a process. */
  readonly environment?: (name: string) => NodeJS.ProcessEnv;
  readonly shards?: number;
  readonly autoTenants?: boolean;
  readonly leaseTtlMs?: number;
  /** A settings document written before anything starts. */
  readonly settings?: unknown;
}

/** A real cluster on loopback: etcd, NATS, owners, gateways and recall processes, each a process of its own. */
export interface Cluster {
  readonly etcd: string;
  readonly nats: string;
  /** The cluster's own etcd and NATS, for ending and wiping them. */
  readonly etcdServer: RunningEtcd;
  readonly etcdServers: readonly RunningEtcd[];
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
  /** Starts an owner more, or one again that has ended, under its name; resolves when it listens. */
  startOwner(name: string): Promise<void>;
  /** Starts a gateway again, at its address; resolves when it listens. */
  startGateway(name: string): Promise<void>;
  /** Starts a recall process, or one again; resolves when it listens. */
  startRecall(name: string): Promise<void>;
  /** Starts an owner, a gateway or a recall process again that has ended. */
  startAgain(name: string): Promise<void>;
  /** The process of that name, the one that was started last. */
  processOf(name: string): CliProcess;
  /** The processes of a kind (`owner`, `gateway`, …) that run, by name. */
  running(kind: string): readonly string[];
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

/** A process starts in a second, unless many do on a machine that is busy. */
const LISTENS_WITHIN_MS = 90_000;
const SERVED_WITHIN_MS = 45_000;
const STOP_WITHIN_MS = 15_000;

/** Starts a cluster; resolves when every shard is served and every gateway listens. */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const { owners = 3, gateways = 2, recalls = 0, shards = 48, autoTenants = true, leaseTtlMs = 2_000 } = options;
  const { settings, network, etcdMembers = 1, etcdArgs = [], environment: environmentOf = () => ({}) } = options;
  const ends: (() => unknown)[] = [];
  const stop = async (): Promise<void> => {
    for (const end of ends.splice(0).reverse()) await end();
  };
  const through = async (name: string, address: string): Promise<string> =>
    network === undefined ? address : network.front(name, portOf(address));
  try {
    const peersThrough =
      network === undefined || etcdMembers === 1
        ? undefined
        : (member: number, port: number): Promise<string> => network.front(`etcd-peer-${member}`, port);
    const etcdOptions = { extraArgs: etcdArgs, peersThrough };
    const [etcds, nats] = await Promise.all([startEtcdCluster(etcdMembers, etcdOptions), startNats()]);
    etcds.forEach(({ pid }, i) => network?.names(pid, `etcd-${i + 1}`));
    const [etcd] = etcds;
    if (etcd === undefined) throw new Error('a cluster needs etcd');
    for (const each of etcds) ends.push(() => each.stop());
    ends.push(() => nats.stop());
    const endpoints = etcds.map(({ endpoint }) => endpoint);
    const reached = await Promise.all(endpoints.map((endpoint, i) => through(`etcd-${i + 1}`, endpoint)));
    const natsUrl = `nats://${await through('nats', nats.url.slice('nats://'.length))}`;
    if (network !== undefined) ends.push(() => network.stop());
    const store = await openEtcdStore({ endpoints, clock: new SystemClock() });
    ends.push(() => store.close());
    if (settings !== undefined) {
      const applied = await applyDocument(store, settings);
      if (!applied.ok) throw new Error(JSON.stringify(applied.issues));
    }

    const processes: CliProcess[] = [];
    const start: Cluster['start'] = (name, args, environment) => {
      const backends = ['--etcd', reached.join(','), '--shards', String(shards)];
      const common = [...backends, '--metrics', '127.0.0.1:0', '--log-level', 'info'];
      const child = startCli(name, [...args, ...common], { ...environmentOf(name), ...environment });
      network?.names(child.pid, name);
      processes.push(child);
      ends.push(async () => {
        child.signal('SIGKILL');
        await child.ended(STOP_WITHIN_MS);
      });
      return child;
    };
    const addressOf = async (child: CliProcess): Promise<string> =>
      (await child.printed(/^listening on (\S+)$/m, LISTENS_WITHIN_MS))[1] ?? '';
    const lease = ['--lease-ttl', `${leaseTtlMs}ms`];

    /** Where a member listens, so that others reach it through the network; it keeps that when it is started again. */
    const places = new Map<string, readonly string[]>();
    const placeOf = async (name: string): Promise<readonly string[]> => {
      const known = places.get(name);
      if (known !== undefined || network === undefined) return known ?? [];
      const [port = 0] = await freePorts(1);
      const host = network.newHost();
      await network.front(name, port, { host, port });
      const place = ['--port', String(port), '--advertise-host', host];
      places.set(name, place);
      return place;
    };
    const startOwner = async (name: string): Promise<void> => {
      const place = await placeOf(name);
      await addressOf(start(name, ['slot-shard', '--nats', natsUrl, ...lease, '--member-id', name, ...place]));
    };
    const startRecall = async (name: string): Promise<void> => {
      const place = await placeOf(name);
      await addressOf(start(name, ['recall', ...lease, '--member-id', name, ...place]));
    };
    const listens = new Map<string, string>();
    const startGateway = async (name: string): Promise<void> => {
      const port = listens.get(name) ?? '0';
      const args = ['gateway', '--nats', natsUrl, '--port', port, ...(autoTenants ? ['--auto-tenants'] : [])];
      const address = await addressOf(start(name, args));
      listens.set(name, String(portOf(address)));
    };
    const named = (kind: string, count: number): string[] =>
      Array.from({ length: count }, (_, i) => `${kind}-${i + 1}`);
    await Promise.all([
      ...named('owner', owners).map(startOwner),
      ...named('gateway', gateways).map(startGateway),
      ...named('recall', recalls).map(startRecall),
    ]);
    const addresses = await Promise.all(
      named('gateway', gateways).map((name) => through(name, `127.0.0.1:${listens.get(name) ?? ''}`)),
    );
    const clients = addresses.map((address) => openParkClient(address));
    ends.push(() => clients.forEach((client) => client.close()));

    const members = async (): Promise<ReadonlyMap<number, string>> => {
      const { kvs } = await store.range(prefixRange(keys.owners('slot-shard')));
      return new Map(kvs.map(({ key, value }) => [Number(key.split('/').at(-1)), Owner.decode(value).memberId]));
    };
    const processOf = (name: string): CliProcess => {
      const child = processes.findLast((one) => one.name === name);
      if (child === undefined) throw new Error(`there is no process ${name}`);
      return child;
    };
    const running = (kind: string): readonly string[] =>
      processes
        .filter(({ name, exitCode }) => name.startsWith(`${kind}-`) && exitCode === undefined)
        .map(({ name }) => name);
    const cluster: Cluster = {
      etcd: reached.join(','),
      nats: natsUrl,
      etcdServer: etcd,
      etcdServers: etcds,
      natsServer: nats,
      shards,
      clients,
      addresses,
      store,
      processes,
      start,
      startOwner,
      startGateway,
      startRecall,
      startAgain: (name) => {
        if (name.startsWith('owner-')) return startOwner(name);
        return name.startsWith('gateway-') ? startGateway(name) : startRecall(name);
      },
      processOf,
      running,
      ownerOf: async (shard) => (await members()).get(shard),
      kill: async (name, signal) => {
        const child = processOf(name);
        child.signal(signal);
        if (signal === 'SIGKILL' || signal === 'SIGTERM') await child.ended();
      },
      metricsOf: (name) => scrape(processOf(name)),
      served: async (timeoutMs = SERVED_WITHIN_MS) => {
        const untilMs = Date.now() + timeoutMs;
        for (;;) {
          const alive = new Set(running('owner'));
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

function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(':') + 1));
}
