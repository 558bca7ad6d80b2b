import { createGateway } from '@parkade/gateway';
import { ParkServiceClient } from '@parkade/proto';
import { CHANNEL_OPTIONS } from '@parkade/rpc';
import { DEFAULT_LIMITS as RECALL_LIMITS, startRecall } from '@parkade/recall';
import { DEFAULT_ANNOUNCEMENTS, DEFAULT_MEDIA_LIMITS, registerMediaNode, startMedia } from '@parkade/media';
import { codesOf, type LotSettingsInput, putLot, putTenant } from '@parkade/settings';
import { DEFAULT_LIMITS, startSlotShard } from '@parkade/slot-shard';
import type { Member, World } from './world.js';
import { Host } from './host.js';
import { MEDIA_NODE, TENANT } from './names.js';
import { Phones } from './phones.js';
import { routedMedia } from './routed-media.js';
import { DOMAIN, ESL_PASSWORD, type Node, OUTBOUND_PORT, startSwitches } from './switches.js';

export const SHARDS = 6;
const VERSION = '1.0.0';
const LEASE_TTL_MS = 2_000;
const TIMING = {
  joinDelayMs: 20,
  settleMs: 300,
  claimJitterMs: 5,
  orphanGraceMs: 300,
  maxTakeovers: 100,
  peerProbeMs: 1_000,
};

const LOTS: Readonly<Record<string, LotSettingsInput>> = {
  default: { any_slot: true },
  vip: { any_slot: true },
  spare: { ranges: [{ first: '1', last: '2' }], spread: 2 },
  office: {
    ranges: [{ first: '711', last: '714' }],
    presence_prefix: '*7',
    ringback_timeout_ms: 0,
    slots: {
      '713': { ringback_timeout: 1_500, callback_timeout: 2_000 },
      '714': { ringback_timeout: 1_500, callback_timeout: 2_000 },
    },
    recall: { attempts: 3, retry_interval_ms: 1_500, fallback: { to: 'wait' } },
  },
  recalled: {
    any_slot: true,
    ringback_timeout_ms: 2_000,
    callback_timeout_ms: 3_000,
    recall: { attempts: 3, retry_interval_ms: 2_000, fallback: { to: 'disconnect' } },
  },
  wide: { ranges: [{ first: '1', last: '4' }], spread: 2, overflow_lot_id: 'spare' },
};

export type Role = 'owner' | 'gateway' | 'recall' | 'media';

/** A machine of the cluster, and the process on it; undefined: it is down. */
export interface Machine {
  readonly name: string;
  readonly role: Role;
  member: Member | undefined;
  /** Of its process, once it has started: what it owns, and how it leaves. */
  process: { readonly owned: () => number; readonly drain: (graceMs: number) => Promise<void> } | undefined;
}

/** What a cluster is. */
interface Kind {
  /** Media nodes, and the processes that control them; else phones that recalls ring. */
  readonly withSwitches: boolean;
  /** Whether owners forget within seconds what they otherwise keep for minutes. */
  readonly forgetsSoon: boolean;
}

/** A horizon that a request which is asked again can outlive, slots that are packed between two requests, history of some seconds. */
const FORGETS_SOON = {
  horizonMs: 7_000,
  maxJournalBytes: 16_384,
  packMs: 700,
  compactMs: 2_000,
  keepHistoryMs: 3_000,
} as const;

/** The processes of a world: the services of production, on what the world gives them. */
export class Cluster {
  readonly machines: Machine[] = [];
  readonly clients: ParkServiceClient[] = [];
  /** Where callers are. */
  readonly callers: Host;
  readonly phones: Phones;
  /** Media nodes; none: recalls ring `phones`. */
  switches: readonly Node[] = [];

  private constructor(
    readonly world: World,
    private readonly forgetsSoon: boolean,
  ) {
    this.callers = new Host('callers', world.scheduler);
    this.phones = new Phones(world);
  }

  static async start(
    world: World,
    { withSwitches, forgetsSoon }: Kind,
    owners = 3,
    gateways = 2,
    recalls = 2,
  ): Promise<Cluster> {
    const cluster = new Cluster(world, forgetsSoon);
    await putTenant(world.store, TENANT, {});
    for (const [lotId, lot] of Object.entries(LOTS)) {
      const put = await putLot(world.store, TENANT, lotId, lot);
      if (!put.ok) throw new Error(JSON.stringify(put));
    }
    for (let i = 1; i <= owners; i++) cluster.machines.push(machine('owner', i));
    for (let i = 1; i <= gateways; i++) cluster.machines.push(machine('gateway', i));
    for (let i = 1; i <= recalls; i++) cluster.machines.push(machine('recall', i));
    await registerMediaNode(world.store, {
      name: MEDIA_NODE,
      host: 'media',
      port: 8021,
      sipAddress: '',
      recovers: false,
    });
    if (withSwitches) {
      const media = [machine('media', 1), machine('media', 2)];
      cluster.machines.push(...media);
      cluster.switches = await startSwitches(
        world,
        media.map(({ name }) => name),
      );
    }
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

  /** Starts the process of a machine that is down. Rejects where it cannot start; it is down again then. */
  async boot(machine: Machine): Promise<void> {
    const member = this.world.member(machine.name);
    machine.member = member;
    // Killed before it has started, it never does.
    const died = new Promise<undefined>((resolve) => member.host.onDeath.add(() => resolve(undefined)));
    try {
      const process = await Promise.race([this.#start(machine, member), died]);
      if (machine.member === member) machine.process = process;
    } catch (error) {
      if (machine.member === member) this.kill(machine);
      throw error;
    }
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

  #start({ name, role }: Machine, member: Member): Promise<Machine['process']> {
    switch (role) {
      case 'owner':
        return this.#owner(name, member);
      case 'gateway':
        return this.#gateway(name, member);
      case 'recall':
        return this.#recall(name, member);
      case 'media':
        return this.#media(name, member);
    }
  }

  async #recall(name: string, member: Member): Promise<Machine['process']> {
    const { network, trace } = this.world;
    const { host, store } = member;
    const recall = await startRecall(
      { memberId: name, host: name, port: 0, version: VERSION, leaseTtlMs: LEASE_TTL_MS, limits: RECALL_LIMITS },
      SHARDS,
      {
        store,
        clock: host.clock,
        random: host.random,
        log: trace.log(name),
        timing: TIMING,
        media: this.switches.length === 0 ? this.phones.reachedFrom(host) : await routedMedia(this.world, name, member),
        security: network.security(host),
        listen: network.listen(host),
        probe: network.probe(host),
      },
    );
    return { owned: () => recall.ownedPartitions(), drain: (graceMs) => recall.drain(graceMs) };
  }

  async #media(name: string, { host, store, bus }: Member): Promise<Machine['process']> {
    const { network, trace } = this.world;
    const media = await startMedia(
      {
        memberId: name,
        host: name,
        port: 0,
        outbound: { host: name, port: OUTBOUND_PORT },
        version: VERSION,
        leaseTtlMs: LEASE_TTL_MS,
        gateway: `${this.of('gateway')[0]?.name ?? ''}:1`,
        password: ESL_PASSWORD,
        tenants: [{ tenantId: TENANT, domain: DOMAIN, lotId: 'office' }],
        domains: { [TENANT]: DOMAIN },
        codes: codesOf({}),
        announcements: DEFAULT_ANNOUNCEMENTS,
        limits: { ...DEFAULT_MEDIA_LIMITS, giveUpMs: 3_000, reconcileMs: 5_000, pendingMs: 3_000 },
      },
      {
        store,
        bus,
        clock: host.clock,
        random: host.random,
        log: trace.log(name),
        timing: TIMING,
        security: network.security(host),
        listen: network.listen(host),
        probe: network.probe(host),
        sockets: { connect: network.connectSocket(host), listen: network.listenForSockets(host, false) },
      },
    );
    return { owned: () => media.nodesUp().length, drain: (graceMs) => media.drain(graceMs) };
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
        limits: {
          ...DEFAULT_LIMITS,
          transactionTimeoutMs: 700,
          upkeepMs: 1_000,
          publishDrainMs: 200,
          ...(this.forgetsSoon ? FORGETS_SOON : {}),
        },
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
