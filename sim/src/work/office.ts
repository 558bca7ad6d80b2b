import type { Random } from '@parkade/clock';
import { parseSlotKey } from '@parkade/ids';
import type { Behaviour, Channel } from '@parkade/media-simulator';
import type { Cluster } from '../world/cluster.js';
import { Conversations, isParked, partnerOf } from './conversations.js';
import { storedRecords } from './lamps.js';

const CALLERS = ['2001', '2002', '2003'] as const;
/** Who is called and parks; and who fetches. */
const DESKS = ['1001', '1002'] as const;
const FETCHERS = ['1003', '1004'] as const;
const SLOTS = ['711', '712', '713', '714'] as const;
/** So many of those who dial hang up on the way, within so many events of the nodes; so many wait until they are given the call or told. */
const HASTY = 0.35;
const MAX_EVENTS = 60;
const STUBBORN = 0.2;
const ANSWERED_MS = 60_000;
/** Until whoever is called has answered, and until calls that have ended have left their slots. */
const ANSWER_MS = 3_000;
const FREE_MS = 40_000;
const STEP_MS = 50;

/** People with phones at two media nodes: they call, transfer to slots, fetch, hang up; what they dial goes over the media processes. */
export class Office {
  readonly conversations = new Conversations();
  readonly odd: string[] = [];
  /** Calls, transfers and codes dialled. */
  commands = 0;
  #over = false;

  constructor(
    private readonly cluster: Cluster,
    private readonly random: Random,
  ) {
    for (const { sim } of cluster.switches) {
      for (const user of [...CALLERS, ...DESKS, ...FETCHERS]) sim.phone(user);
      this.conversations.follow(sim);
    }
  }

  async run(): Promise<void> {
    if (this.cluster.switches.length === 0) return;
    const again = async (step: () => Promise<void>, thoughtMs: number): Promise<void> => {
      while (!this.#over) {
        await step();
        await this.#wait(this.random.next() * thoughtMs);
      }
    };
    await Promise.all([
      ...CALLERS.map((caller) => again(() => this.#call(caller), 3_000)),
      ...FETCHERS.map((fetcher) => again(() => this.#fetch(fetcher), 5_000)),
    ]);
  }

  stop(): void {
    this.#over = true;
  }

  /** No pickup is left half done; then everybody hangs up, and every slot is free. */
  async settle(): Promise<void> {
    const { switches, world } = this.cluster;
    if (switches.length === 0) return;
    const decidedMs = world.scheduler.nowMs + FREE_MS;
    while ((await this.#halfTaken()).length > 0 && world.scheduler.nowMs < decidedMs) await this.#wait(200);
    for (const key of await this.#halfTaken()) this.odd.push(`${key} is being retrieved by nobody, and stays so`);
    for (const { sim } of switches) {
      for (const leg of [...sim.core.channels.values()]) {
        this.conversations.mayEnd(leg);
        sim.hangUp(leg);
      }
    }
    const endMs = world.scheduler.nowMs + FREE_MS;
    while ((await this.#held()).length > 0 && world.scheduler.nowMs < endMs) await this.#wait(200);
    for (const key of await this.#held()) this.odd.push(`${key} holds a call that has ended`);
    this.odd.push(...this.conversations.odd);
  }

  /** One call, from the first ringing until it has ended. */
  async #call(caller: string): Promise<void> {
    const { sim } = this.#pick(this.cluster.switches);
    const desk = this.#pick(DESKS);
    this.#changePhones();
    const leg = sim.call(caller, desk);
    this.commands++;
    this.#say(`${caller} calls ${desk}`);
    this.conversations.called(leg, desk);
    if (!(await this.#until(() => leg.peer !== undefined || !leg.isAlive, ANSWER_MS))) return this.#hangUp(leg);
    await this.#wait(this.random.next() * 500);
    const { peer } = leg;
    if (peer === undefined || !leg.isAlive) return this.#hangUp(leg);
    const slot = this.#pick(SLOTS);
    this.conversations.sentTo(leg, slot);
    this.commands++;
    this.#say(`${desk} sends ${caller} to ${slot}`);
    sim.transferBlind(peer, slot);
    if (this.random.next() < STUBBORN) await this.#arrives(leg, slot);
    await this.#wait(1_000 + this.random.next() * 8_000);
    // Whoever talks with him goes on for a moment.
    if (partnerOf(leg) !== undefined) await this.#wait(this.random.next() * 1_000);
    if (this.random.next() < 0.7 || partnerOf(leg) !== undefined) return this.#hangUp(leg);
    await this.#until(() => !leg.isAlive || partnerOf(leg) !== undefined, 15_000);
    await this.#wait(this.random.next() * 1_000);
    this.#hangUp(leg);
  }

  /** Whoever was transferred is parked in time, or given back. */
  async #arrives(leg: Channel, slot: string): Promise<void> {
    const arrived = (): boolean => (leg.parked && isParked(leg)) || partnerOf(leg) !== undefined || !leg.isAlive;
    // He talks until the transfer takes him away.
    await this.#wait(STEP_MS);
    if (!(await this.#until(arrived, ANSWERED_MS)))
      this.odd.push(`${leg.phone.user}, sent to ${slot}, is neither parked nor given back`);
  }

  async #fetch(fetcher: string): Promise<void> {
    const { sim } = this.#pick(this.cluster.switches);
    const slot = this.#pick(SLOTS);
    this.conversations.dialled(fetcher, slot);
    this.commands++;
    this.#say(`${fetcher} dials *5${slot}`);
    const leg = sim.call(fetcher, `*5${slot}`);
    const patience = this.random.next();
    const stopsAmid = patience < HASTY ? this.#hangUpAmid(leg) : undefined;
    const stubborn = patience > 1 - STUBBORN;
    const answered = (): boolean => !leg.isAlive || (stubborn && partnerOf(leg) !== undefined);
    const inTime = await this.#until(answered, stubborn ? ANSWERED_MS : 2_000 + this.random.next() * 4_000);
    stopsAmid?.();
    if (stubborn && !inTime) this.odd.push(`${fetcher} was neither given the call in ${slot} nor told anything`);
    this.#hangUp(leg);
  }

  /** The phone hangs up at some step of its pickup: at the so-manyth event at either node from now on. Returns what ends that. */
  #hangUpAmid(leg: Channel): () => void {
    let left = 1 + Math.floor(this.random.next() * MAX_EVENTS);
    const ends = this.cluster.switches.map(({ sim }) =>
      sim.core.listen(() => {
        if (--left === 0 && leg.isAlive) this.#hangUp(leg);
      }),
    );
    return () => {
      for (const end of ends) end();
    };
  }

  #hangUp(leg: Channel): void {
    this.conversations.mayEnd(leg);
    for (const { sim } of this.cluster.switches) if (sim.core.find(leg.uuid) === leg) sim.hangUp(leg);
  }

  #changePhones(): void {
    const draw = this.random.next();
    const behaviour: Behaviour =
      draw < 0.7 ? { kind: 'answers', afterMs: draw * 700 } : draw < 0.85 ? { kind: 'rings' } : { kind: 'busy' };
    for (const { sim } of this.cluster.switches) sim.phone(this.#pick(DESKS)).behaviour = behaviour;
  }

  /** Slots with a call that somebody began to retrieve. */
  async #halfTaken(): Promise<readonly string[]> {
    const records = await storedRecords(this.cluster.world);
    const taken = records.filter(({ record }) => record.parks.some(({ state }) => state?.$case === 'retrieving'));
    return taken.map(({ key }) => key).filter((key) => parseSlotKey(key)?.lotId === 'office');
  }

  async #held(): Promise<readonly string[]> {
    const records = await storedRecords(this.cluster.world);
    const ours = ({ key, record }: (typeof records)[number]): boolean =>
      ['office', '_holding'].includes(parseSlotKey(key)?.lotId ?? '') && record.parks.length > 0;
    return records.filter(ours).map(({ key }) => key);
  }

  #say(what: string): void {
    this.cluster.world.trace.say('office', what);
  }

  /** Whether the condition came about in time. */
  async #until(condition: () => boolean, limitMs: number): Promise<boolean> {
    const { scheduler } = this.cluster.world;
    const endMs = scheduler.nowMs + limitMs;
    while (!condition()) {
      if (scheduler.nowMs >= endMs) return false;
      await this.#wait(STEP_MS);
    }
    return true;
  }

  #wait(ms: number): Promise<void> {
    return this.cluster.world.scheduler.wait(ms);
  }

  #pick<T>(list: readonly T[]): T {
    const item = list[Math.floor(this.random.next() * list.length)];
    if (item === undefined) throw new Error('nothing to pick from');
    return item;
  }
}
