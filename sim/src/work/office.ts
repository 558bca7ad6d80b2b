import type { Random } from '@parkade/clock';
import { parseSlotKey } from '@parkade/ids';
import type { Behaviour, Channel } from '@parkade/media-simulator';
import type { Cluster } from '../world/cluster.js';
import { Conversations, partnerOf } from './conversations.js';
import { storedRecords } from './lamps.js';

const CALLERS = ['2001', '2002', '2003'] as const;
/** Who is called and parks; and who fetches. */
const DESKS = ['1001', '1002'] as const;
const FETCHERS = ['1003', '1004'] as const;
const SLOTS = ['711', '712', '713', '714'] as const;
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

  /** Everybody hangs up; then every slot is free. */
  async settle(): Promise<void> {
    const { switches, world } = this.cluster;
    if (switches.length === 0) return;
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
    await this.#wait(1_000 + this.random.next() * 8_000);
    // Whoever talks with him goes on for a moment.
    if (partnerOf(leg) !== undefined) await this.#wait(this.random.next() * 1_000);
    if (this.random.next() < 0.7 || partnerOf(leg) !== undefined) return this.#hangUp(leg);
    await this.#until(() => !leg.isAlive || partnerOf(leg) !== undefined, 15_000);
    await this.#wait(this.random.next() * 1_000);
    this.#hangUp(leg);
  }

  async #fetch(fetcher: string): Promise<void> {
    const { sim } = this.#pick(this.cluster.switches);
    const slot = this.#pick(SLOTS);
    this.conversations.dialled(fetcher, slot);
    this.commands++;
    this.#say(`${fetcher} dials *5${slot}`);
    const leg = sim.call(fetcher, `*5${slot}`);
    await this.#until(() => !leg.isAlive, 2_000 + this.random.next() * 4_000);
    this.#hangUp(leg);
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
