import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from '@parkade/clock';
import type { ChaosCluster, ChaosOwner } from './chaos-cluster.js';
import { NO_FAULTS } from './faulty-store.js';

const MIN_OWNERS = 2;
const MAX_OWNERS = 4;
const FREEZE_MS = 2_600;

export type Blow = 'kill' | 'drain' | 'join' | 'freeze' | 'depose' | 'faults' | 'cut' | 'bus';

export const ALL_BLOWS: readonly Blow[] = [
  'kill',
  'drain',
  'join',
  'freeze',
  'depose',
  'faults',
  'faults',
  'cut',
  'bus',
];

/** Strikes the cluster again and again, as its random source says, and heals it at the end. */
export class Nemesis {
  /** What it did, for the report. */
  readonly done: string[] = [];
  readonly #under = new Set<ChaosOwner>();
  readonly #running: Promise<void>[] = [];

  constructor(
    private readonly cluster: ChaosCluster,
    private readonly random: Random,
    private readonly blows: readonly Blow[] = ALL_BLOWS,
  ) {}

  async strike(forMs: number): Promise<void> {
    const endMs = performance.now() + forMs;
    while (performance.now() < endMs) {
      const blow = this.#pick(this.blows);
      const free = this.cluster.owners.filter((owner) => !this.#under.has(owner));
      const owner = free.length === 0 ? undefined : this.#pick(free);
      this.#running.push(this.#blow(blow, owner));
      await delay(100 + this.random.next() * 400);
    }
    await Promise.all(this.#running);
    this.cluster.broker.setReachable(true);
    while (this.cluster.owners.length < MIN_OWNERS) await this.cluster.join();
  }

  async #blow(blow: Blow, owner: ChaosOwner | undefined): Promise<void> {
    const { cluster, random } = this;
    const enough = cluster.owners.length > MIN_OWNERS;
    if (blow === 'join' || (!enough && (blow === 'kill' || blow === 'drain'))) {
      if (cluster.owners.length < MAX_OWNERS) await this.#note('join', () => cluster.join());
      return;
    }
    if (blow === 'bus') {
      await this.#note('bus away', async () => {
        cluster.broker.setReachable(false);
        await delay(200 + random.next() * 500);
        cluster.broker.setReachable(true);
      });
      return;
    }
    if (owner === undefined) return;
    this.#under.add(owner);
    await this.#note(`${blow} ${owner.memberId}`, () => this.#hit(blow, owner));
    this.#under.delete(owner);
  }

  async #hit(blow: Exclude<Blow, 'join' | 'bus'>, owner: ChaosOwner): Promise<void> {
    const { faulty, gate } = owner;
    const { random } = this;
    switch (blow) {
      case 'kill':
        return this.cluster.kill(owner);
      case 'drain':
        return this.cluster.drain(owner);
      case 'freeze':
        gate.open = false;
        await delay(random.next() < 0.5 ? FREEZE_MS : random.next() * 500);
        gate.open = true;
        return;
      case 'depose':
        await this.cluster.depose(owner);
        await delay(300 + random.next() * 700);
        this.cluster.inform(owner);
        return;
      case 'faults':
        faulty.rates = { lose: random.next() * 30, refuse: random.next() * 20, delay: random.next() * 20 };
        await delay(300 + random.next() * 700);
        faulty.rates = NO_FAULTS;
        return;
      case 'cut':
        faulty.cut = true;
        await delay(random.next() * 1_000);
        faulty.cut = false;
    }
  }

  async #note(what: string, act: () => Promise<void> | void): Promise<void> {
    const atMs = Math.round(performance.now());
    await act();
    this.done.push(`${atMs}–${Math.round(performance.now())} ${what}`);
  }

  #pick<T>(list: readonly T[]): T {
    const item = list[Math.floor(this.random.next() * list.length)];
    if (item === undefined) throw new Error('nothing to pick from');
    return item;
  }
}
