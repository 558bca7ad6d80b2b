import { type Bus, EmbeddedBroker, EmbeddedBus } from '@parkade/bus';
import { openParkClient } from '@parkade/cli';
import { type Random, SystemClock, SystemRandom } from '@parkade/clock';
import { createGateway, type Gateway } from '@parkade/gateway';
import { keys } from '@parkade/ids';
import type { ParkServiceClient } from '@parkade/proto';
import { silentLog } from '@parkade/rpc';
import { putLot, putTenant } from '@parkade/settings';
import { DEFAULT_LIMITS, type SlotShard, startSlotShard } from '@parkade/slot-shard';
import { openEmbeddedStore, type Store } from '@parkade/store';
import { FaultyStore, type Sabotage } from './faulty-store.js';
import { Gate, GatedClock } from './gate.js';
import { WORKLOAD_LOTS } from './workload.js';

export const SHARDS = 8;
const LEASE_TTL_MS = 2_000;
const VERSION = '1.0.0';

export interface ChaosOwner {
  readonly memberId: string;
  readonly gate: Gate;
  readonly faulty: FaultyStore;
  readonly process: SlotShard;
}

export interface Breakage {
  readonly sabotage?: Sabotage;
  readonly bus?: (bus: Bus) => Bus;
  /** How often an owner writes for itself, which tells one that is deposed. */
  readonly upkeepMs?: number;
}

/** Owners and gateways in one process over loopback gRPC, on one store and one bus, each owner behind faults of its own. */
export class ChaosCluster {
  readonly clock = new SystemClock();
  readonly owners: ChaosOwner[] = [];
  readonly clients: ParkServiceClient[] = [];
  readonly broker = new EmbeddedBroker(this.clock);
  readonly bus = new EmbeddedBus({ clock: this.clock }, this.broker);
  readonly #gateways: Gateway[] = [];
  readonly #waysOfGateways: FaultyStore[] = [];
  readonly #ending: Promise<unknown>[] = [];
  #members = 0;

  private constructor(
    readonly store: Store,
    private readonly random: Random,
    private readonly breakage: Breakage,
  ) {}

  static async start(random: Random, breakage: Breakage, owners = 3, gateways = 2): Promise<ChaosCluster> {
    const store = await openEmbeddedStore({ clock: new SystemClock() });
    const cluster = new ChaosCluster(store, random, breakage);
    await putTenant(store, 'acme', {});
    for (const [lotId, lot] of Object.entries(WORKLOAD_LOTS)) {
      const put = await putLot(store, 'acme', lotId, lot);
      if (!put.ok) throw new Error(JSON.stringify(put));
    }
    await Promise.all(Array.from({ length: owners }, () => cluster.join()));
    for (let i = 0; i < gateways; i++) {
      const way = new FaultyStore(store, random, new Gate());
      const gateway = await createGateway(
        { shardCount: SHARDS },
        { store: way.store, clock: cluster.clock, random: new SystemRandom(), log: silentLog },
      );
      cluster.#gateways.push(gateway);
      cluster.#waysOfGateways.push(way);
      cluster.clients.push(openParkClient(gateway.address));
    }
    await cluster.served();
    return cluster;
  }

  /** Starts one owner more. */
  async join(): Promise<void> {
    const memberId = `owner-${++this.#members}`;
    const gate = new Gate();
    const clock = new GatedClock(this.clock, gate);
    const faulty = new FaultyStore(this.store, this.random, gate, this.breakage.sabotage);
    const bus = new EmbeddedBus({ clock }, this.broker);
    const { upkeepMs = 100 } = this.breakage;
    const process = await startSlotShard(
      {
        memberId,
        host: '127.0.0.1',
        port: 0,
        version: VERSION,
        leaseTtlMs: LEASE_TTL_MS,
        limits: { ...DEFAULT_LIMITS, transactionTimeoutMs: 500, upkeepMs, markMs: 100, publishDrainMs: 100 },
      },
      SHARDS,
      {
        store: faulty.store,
        bus: this.breakage.bus?.(bus) ?? bus,
        clock,
        random: new SystemRandom(),
        log: silentLog,
        timing: { joinDelayMs: 20, settleMs: 100, claimJitterMs: 5, orphanGraceMs: 300, maxTakeovers: 100 },
      },
    );
    this.owners.push({ memberId, gate, faulty, process });
  }

  /** Ends an owner as a machine that loses its power: nothing of it reaches the store any more. */
  kill(owner: ChaosOwner): void {
    this.#remove(owner);
    owner.faulty.cut = true;
    owner.gate.open = true;
    this.#ending.push(owner.process.close());
  }

  /** Ends an owner as a rolling restart does. */
  async drain(owner: ChaosOwner): Promise<void> {
    this.#remove(owner);
    await owner.process.drain(2_000);
  }

  /** Lets others take an owner's shards while it lives; neither it nor the first gateway hears of it until `inform`. */
  async depose(owner: ChaosOwner): Promise<void> {
    const [gateway] = this.#waysOfGateways;
    for (const way of [owner.faulty, gateway]) if (way !== undefined) way.holdWatches = true;
    const key = keys.node('slot-shard', owner.memberId);
    await this.store.txn({ compare: [], success: [{ kind: 'delete', range: { start: key } }] });
  }

  inform(owner: ChaosOwner): void {
    const [gateway] = this.#waysOfGateways;
    for (const way of [owner.faulty, gateway]) if (way !== undefined) way.holdWatches = false;
  }

  /** Resolves when the shards are served, all of them once. */
  async served(limitMs = 20_000): Promise<void> {
    const endMs = this.clock.monotonicMs() + limitMs;
    const count = (): number => this.owners.reduce((sum, { process }) => sum + process.ownedShards(), 0);
    while (count() !== SHARDS) {
      if (this.clock.monotonicMs() > endMs) throw new Error(`${count()} of ${SHARDS} shards are served`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async stop(): Promise<void> {
    for (const client of this.clients) client.close();
    await Promise.all(this.#gateways.map((gateway) => gateway.close()));
    for (const owner of [...this.owners]) this.kill(owner);
    await Promise.all(this.#ending);
    await this.bus.close();
    await this.store.close();
  }

  #remove(owner: ChaosOwner): void {
    this.owners.splice(this.owners.indexOf(owner), 1);
  }
}
