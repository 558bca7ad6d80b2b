import type { Random } from '@parkade/clock';
import { keys } from '@parkade/ids';
import { StoreError } from '@parkade/store';
import type { Cluster, Machine } from '../world/cluster.js';

/** What can be done to a cluster; counted under these names. */
export const FAULTS = [
  'crash',
  'drain',
  'freeze',
  'depose',
  'lease-lost',
  'partition',
  'delay',
  'reply-lost',
  'cut',
  'store-cut',
  'store-faults',
  'store-away',
  'watch-lag',
  'watch-held',
  'bus-away',
  'bus-wiped',
  'bus-faults',
  'clock-jump',
] as const;
export type Fault = (typeof FAULTS)[number];

const MIN_FAULTS = 4;
const MAX_FAULTS = 12;
const FIRST_MS = 1_000;

/** Strikes the cluster again and again, as its random source says, and heals it at the end. */
export class Nemesis {
  /** What it did, and how often. */
  readonly done = new Map<Fault, number>();
  readonly #running: Promise<void>[] = [];

  constructor(
    private readonly cluster: Cluster,
    private readonly random: Random,
    private readonly faults: readonly Fault[],
  ) {}

  /** Strikes for `forMs`, then heals everything; resolves when all runs again. */
  async strike(forMs: number): Promise<void> {
    const { random, cluster } = this;
    const { scheduler } = cluster.world;
    const count = MIN_FAULTS + Math.floor(random.next() * (MAX_FAULTS - MIN_FAULTS + 1));
    const times = Array.from({ length: count }, () => FIRST_MS + random.next() * (forMs - FIRST_MS)).sort(
      (a, b) => a - b,
    );
    const beganMs = scheduler.nowMs;
    for (const atMs of times) {
      await scheduler.wait(Math.max(0, beganMs + atMs - scheduler.nowMs));
      this.#running.push(this.#do(this.#pick(this.faults)));
    }
    await Promise.all(this.#running);
    await scheduler.wait(Math.max(0, beganMs + forMs - scheduler.nowMs));
    await this.#heal();
  }

  async #do(fault: Fault): Promise<void> {
    this.done.set(fault, (this.done.get(fault) ?? 0) + 1);
    const { trace } = this.cluster.world;
    const machine = this.#pick(this.cluster.machines);
    trace.say('nemesis', `${fault} (${machine.name})`);
    await this.#strike(fault, machine);
    trace.say('nemesis', `${fault} is over (${machine.name})`);
  }

  async #strike(fault: Fault, machine: Machine): Promise<void> {
    const { cluster } = this;
    const { network, broker, store } = cluster.world;
    const { links } = network;
    const { member } = machine;
    switch (fault) {
      case 'crash':
        cluster.kill(machine);
        await this.#wait(50, 6_000);
        return this.#boot(machine);
      case 'drain': {
        const { process } = machine;
        if (process === undefined || member === undefined) return;
        machine.process = undefined;
        await Promise.race([process.drain(2_000), this.#wait(5_000, 5_000)]);
        if (machine.member === member) cluster.kill(machine);
        await this.#wait(50, 2_000);
        return this.#boot(machine);
      }
      case 'freeze':
        member?.host.freeze();
        await this.#wait(100, 5_000);
        member?.host.thaw();
        return;
      case 'depose': {
        // Peers take its shards while it lives; neither it nor a gateway hears of it for a while.
        const deaf = [machine, this.#pick(cluster.of('gateway'))];
        for (const each of deaf) if (each.member !== undefined) each.member.store.faults.holdWatches = true;
        const key = keys.node(machine.role === 'recall' ? 'recall' : 'slot-shard', machine.name);
        await store.txn({ compare: [], success: [{ kind: 'delete', range: { start: key } }] });
        await this.#wait(300, 2_500);
        for (const each of deaf) each.member?.store.heal();
        return;
      }
      case 'lease-lost': {
        const lease = member?.store.leases.at(-1);
        if (lease !== undefined) await store.revokeLease(lease);
        return;
      }
      case 'partition': {
        const other = this.#other(machine);
        links.block(machine.name, other);
        await this.#wait(200, random15(this.random));
        links.heal(machine.name, other);
        return;
      }
      case 'delay': {
        const other = this.#other(machine);
        links.slow(machine.name, other, 5 + this.random.next() * 700);
        await this.#wait(500, 6_000);
        links.heal(machine.name, other);
        return;
      }
      case 'reply-lost':
        for (const each of this.#names()) if (each !== machine.name) links.loseReplies(machine.name, each, 1);
        return;
      case 'cut':
        for (const name of this.#names()) network.cut(machine.name, name);
        return;
      case 'store-cut':
        if (member === undefined) return;
        member.store.faults.cut = true;
        await this.#wait(100, 6_000);
        return member.store.heal();
      case 'store-faults':
        if (member === undefined) return;
        Object.assign(member.store.faults, {
          lose: this.random.next() * 0.4,
          drop: this.random.next() * 0.2,
          late: this.random.next() * 0.2,
        });
        await this.#wait(300, 4_000);
        return member.store.heal();
      case 'store-away': {
        const all = cluster.machines.flatMap((each) => each.member ?? []);
        for (const each of all) each.store.faults.cut = true;
        await this.#wait(100, 4_000);
        for (const each of all) each.store.heal();
        return;
      }
      case 'watch-lag':
        if (member === undefined) return;
        member.store.faults.watchLagMs = 50 + this.random.next() * 2_000;
        await this.#wait(500, 6_000);
        return member.store.heal();
      case 'watch-held':
        if (member === undefined) return;
        member.store.faults.holdWatches = true;
        await this.#wait(300, 5_000);
        return member.store.heal();
      case 'bus-away':
        broker.setReachable(false);
        await this.#wait(100, 5_000);
        broker.setReachable(true);
        return;
      case 'bus-wiped':
        broker.wipe();
        return;
      case 'bus-faults':
        if (member === undefined) return;
        member.bus.faults = { lose: this.random.next() * 0.5, drop: this.random.next() * 0.3 };
        await this.#wait(300, 4_000);
        member.bus.faults = { lose: 0, drop: 0 };
        return;
      case 'clock-jump':
        // Recalls are late, or early, by as much while it lasts: their deadlines are in wall time.
        member?.host.stepWall((this.random.next() - 0.5) * 40_000);
        await this.#wait(500, 8_000);
        member?.host.correctWall();
    }
  }

  async #heal(): Promise<void> {
    const { cluster } = this;
    cluster.world.network.links.healAll();
    cluster.world.broker.setReachable(true);
    for (const machine of cluster.machines) {
      machine.member?.store.heal();
      machine.member?.host.thaw();
      machine.member?.host.correctWall();
      await this.#boot(machine);
    }
    cluster.world.trace.say('nemesis', 'all is healed');
  }

  /** Starts what is down, again and again: what cannot start because the store fails it is started anew, as a supervisor does. */
  async #boot(machine: Machine): Promise<void> {
    while (machine.member === undefined) {
      try {
        return await this.cluster.boot(machine);
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
        this.cluster.world.trace.say('nemesis', `${machine.name} could not start: ${error.message}`);
        await this.#wait(100, 1_000);
      }
    }
  }

  /** Somebody the machine may talk to. */
  #other({ name, role }: Machine): string {
    const ofRole: Readonly<Record<Machine['role'], readonly string[]>> = {
      owner: [],
      gateway: [this.cluster.callers.name],
      recall: ['phones'],
      media: this.cluster.switches.map((each) => each.name),
    };
    const machines = this.cluster.machines.map((each) => each.name).filter((each) => each !== name);
    return this.#pick([...machines, ...ofRole[role], ...ofRole[role]]);
  }

  /** Everybody there is. */
  #names(): readonly string[] {
    const { machines, switches, callers } = this.cluster;
    return [...machines.map(({ name }) => name), ...switches.map(({ name }) => name), callers.name];
  }

  #wait(minMs: number, maxMs: number): Promise<void> {
    return this.cluster.world.scheduler.wait(minMs + this.random.next() * Math.max(0, maxMs - minMs));
  }

  #pick<T>(list: readonly T[]): T {
    const item = list[Math.floor(this.random.next() * list.length)];
    if (item === undefined) throw new Error('nothing to pick from');
    return item;
  }
}

/** Mostly short; now and then so long that connections are given up. */
function random15(random: Random): number {
  return random.next() < 0.2 ? 16_000 : 5_000;
}
