import { credentials } from '@grpc/grpc-js';
import { FlowServiceClient } from '@parkade/proto';
import type { LotSettingsInput } from '@parkade/settings';
import type { Cluster } from './cluster.js';
import { FlowWorld } from './flow-world.js';
import { type CliProcess, startCli } from './process.js';

/** Tenants that are there for each lot, at most. */
const TENANTS_PER_LOT = 32;

/** A settings document with tenants enough for a file of tests: one of its own for each world, whose lot is one of `lots`. */
export function flowTenants(lots: readonly LotSettingsInput[]): unknown {
  const tenants = lots.flatMap((lot, i) =>
    Array.from({ length: TENANTS_PER_LOT }, (_, n) => [`t${i}-${n}`, { lots: { default: lot } }] as const),
  );
  return { tenants: Object.fromEntries(tenants) };
}

/** Two flow processes of a real cluster. */
export class FlowCluster {
  readonly #used: number[];

  private constructor(
    private readonly cluster: Cluster,
    private readonly lots: readonly LotSettingsInput[],
    readonly processes: readonly CliProcess[],
    readonly flows: readonly FlowServiceClient[],
  ) {
    this.#used = lots.map(() => 0);
  }

  /** `lots`: as given to `flowTenants` of the cluster's settings. */
  static async start(cluster: Cluster, lots: readonly LotSettingsInput[]): Promise<FlowCluster> {
    const [gateway = ''] = cluster.addresses;
    const args = ['flow', '--etcd', cluster.etcd, '--gateway', gateway, '--shards', String(cluster.shards)];
    const processes = ['flow-1', 'flow-2'].map((name) => startCli(name, args));
    try {
      const listening = await Promise.all(processes.map((each) => each.printed(/^listening on (\S+)$/m)));
      const flows = listening.map(([, address = '']) => new FlowServiceClient(address, credentials.createInsecure()));
      return new FlowCluster(cluster, lots, processes, flows);
    } catch (error) {
      for (const each of processes) each.signal('SIGKILL');
      throw error;
    }
  }

  /** A tenant nobody has used, whose lot `default` is this one. */
  world(lot: LotSettingsInput): FlowWorld {
    const index = this.lots.indexOf(lot);
    const n = this.#used[index];
    const [parks] = this.cluster.clients;
    if (n === undefined || n >= TENANTS_PER_LOT || parks === undefined)
      throw new Error('no tenant with this lot is left');
    this.#used[index] = n + 1;
    return new FlowWorld(this.cluster.store, parks, this.flows, `t${index}-${n}`);
  }

  async stop(): Promise<void> {
    for (const client of this.flows) client.close();
    for (const each of this.processes) each.signal('SIGKILL');
    await Promise.all(this.processes.map((each) => each.ended()));
  }
}
