import { createGateway } from '@parkade/gateway';
import { ParkServiceClient } from '@parkade/proto';
import { CHANNEL_OPTIONS } from '@parkade/rpc';
import { putLot, putTenant } from '@parkade/settings';
import { DEFAULT_LIMITS, startSlotShard } from '@parkade/slot-shard';
import type { Member, World } from './world.js';
import { Host } from './host.js';

export const TENANT = 'acme';
export const SHARDS = 6;
const VERSION = '1.0.0';
const LEASE_TTL_MS = 2_000;
const TIMING = {
  joinDelayMs: 20,
  settleMs: 300,
  claimJitterMs: 5,
  orphanGraceMs: 300,
  maxTakeovers: 100,
  peerProbeMs: 500,
};

const LOTS = {
  default: { any_slot: true },
  vip: { any_slot: true },
  spare: { ranges: [{ first: '1', last: '2' }] },
  wide: { ranges: [{ first: '1', last: '4' }], spread: 2, overflow_lot_id: 'spare' },
};

export type Role = 'owner' | 'gateway';

/** A machine of the cluster, and the process on it; undefined: it is down. */
export interface Machine {
  readonly name: string;
  readonly role: Role;
  member: Member | undefined;
  /** Of its process, once it has started: what it owns, and how it leaves. */
  process: { readonly owned: () => number; readonly drain: (graceMs: number) => Promise<void> } | undefined;
}

/** The processes of a world: the services of production, on what the world gives them. */
export class Cluster {
  readonly machines: Machine[] = [];
  readonly clients: ParkServiceClient[] = [];
  /** Where callers are. */
  readonly callers: Host;

  private constructor(readonly world: World) {
    this.callers = new Host('callers', world.scheduler);
  }

  static async start(world: World, owners = 3, gateways = 2): Promise<Cluster> {
    const cluster = new Cluster(world);
    await putTenant(world.store, TENANT, {});
    for (const [lotId, lot] of Object.entries(LOTS)) {
      const put = await putLot(world.store, TENANT, lotId, lot);
      if (!put.ok) throw new Error(JSON.stringify(put));
    }
    for (let i = 1; i <= owners; i++) cluster.machines.push(machine('owner', i));
    for (let i = 1; i <= gateways; i++) cluster.machines.push(machine('gateway', i));
    await Promise.all(cluster.machines.map((each) => cluster.boot(each)));
    const { credentials, options } = world.network.security(cluster.callers).peers;
    for (const { name } of cluster.of('gateway')) {
      cluster.clients.push(new ParkServiceClient(`${name}:1`, credentials, { ...CHANNEL_OPTIONS, ...options }));
    }
    await cluster.served();
    return cluster;
  }

  of(role: Role): readonly Machine[] {
    return this.machines.filter((each) => each.role === role);
  }

  /** Starts the process of a machine that is down. */
  async boot(machine: Machine): Promise<void> {
    const member = this.world.member(machine.name);
    machine.member = member;
    const started = machine.role === 'owner' ? this.#owner(machine.name, member) : this.#gateway(machine.name, member);
    // Killed before it has started, it never does.
    const died = new Promise<undefined>((resolve) => member.host.onDeath.add(() => resolve(undefined)));
    const process = await Promise.race([started, died]);
    if (machine.member === member) machine.process = process;
  }

  /** Ends the process of a machine without a word. */
  kill(machine: Machine): void {
    machine.member?.host.kill();
    machine.member = undefined;
    machine.process = undefined;
  }

  /** Resolves when every shard is served, once, or rejects after `limitMs`. */
  async served(limitMs = 20_000): Promise<void> {
    const { scheduler } = this.world;
    const endMs = scheduler.nowMs + limitMs;
    const count = (): number => this.of('owner').reduce((sum, { process }) => sum + (process?.owned() ?? 0), 0);
    while (count() !== SHARDS) {
      if (scheduler.nowMs > endMs) throw new Error(`${count()} of ${SHARDS} shards are served`);
      await scheduler.wait(20);
    }
  }

  async #owner(name: string, { host, store, bus }: Member): Promise<Machine['process']> {
    const { network, trace, breakage } = this.world;
    const owner = await startSlotShard(
      {
        memberId: name,
        host: name,
        port: 0,
        version: VERSION,
        leaseTtlMs: LEASE_TTL_MS,
        limits: { ...DEFAULT_LIMITS, transactionTimeoutMs: 700, tickMs: 100, upkeepMs: 1_000, publishDrainMs: 200 },
      },
      SHARDS,
      {
        store,
        bus: breakage.bus?.(bus) ?? bus,
        clock: host.clock,
        random: host.random,
        log: trace.log(name),
        timing: TIMING,
        security: network.security(host),
        listen: network.listen(host),
        probe: network.probe(host),
      },
    );
    return { owned: () => owner.ownedShards(), drain: (graceMs) => owner.drain(graceMs) };
  }

  async #gateway(name: string, { host, store }: Member): Promise<Machine['process']> {
    const { network, trace } = this.world;
    const gateway = await createGateway(
      { host: name, port: 1, shardCount: SHARDS },
      {
        store,
        clock: host.clock,
        random: host.random,
        log: trace.log(name),
        security: network.security(host),
        listen: network.listen(host),
      },
    );
    return { owned: () => 0, drain: (graceMs) => gateway.drain(graceMs) };
  }
}

function machine(role: Role, number: number): Machine {
  return { name: `${role}-${number}`, role, member: undefined, process: undefined };
}
