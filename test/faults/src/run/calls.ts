import { setTimeout as delay } from 'node:timers/promises';
import type { Channel } from '@parkade/media-simulator';
import { type MediaWorld, partnerOf } from '@parkade/test';

/** Whoever waits for longer is stuck, on any machine. */
const STUCK_MS = 90_000;

/**
 * Phones that talk, transfer a caller to a slot, and fetch him from another phone, at both nodes, on and on. A caller may also be
 * given back to the desk that parked him, which is promised where he cannot be parked; whatever else becomes of him is a fault.
 */
export class Calls {
  /** Callers who were parked and fetched; who were given back; pickups that had to be dialled again. */
  readonly counts = { fetched: 0, givenBack: 0, dialledAgain: 0 };
  readonly stuck: string[] = [];
  /** What each caller is waiting for, for whoever wonders why nothing goes on. */
  readonly doing = new Map<string, string>();
  #over = false;

  constructor(private readonly world: MediaWorld) {}

  /** Works with so many callers at once, at most four, until `stop`. */
  async run(count: number): Promise<void> {
    const worker = async (number: number): Promise<void> => {
      while (!this.#over) {
        await this.#one(number);
        await delay(50);
      }
    };
    await Promise.all(Array.from({ length: count }, (_, i) => worker(i + 1)));
  }

  stop(): void {
    this.#over = true;
  }

  async #one(number: number): Promise<void> {
    const { world } = this;
    const { nodes, talked } = world;
    const node = nodes[number % nodes.length];
    const other = nodes[(number + 1) % nodes.length];
    if (node === undefined || other === undefined) throw new Error('there are no nodes');
    const [user, desk, slot] = [`200${number}`, `100${number}`, `70${number}`];
    this.doing.set(user, `talks with ${desk}`);
    const [caller, deskLeg] = await world.talk(user, desk, node);
    try {
      this.doing.set(user, `is transferred to ${slot} at ${node.name}`);
      node.sim.transferBlind(deskLeg, slot);
      const where = await this.#settles(caller, deskLeg);
      this.doing.set(user, `is ${where}`);
      if (where === 'parked') await this.#fetch(caller, desk, slot, this.counts.fetched % 2 === 0 ? node : other);
      else if (where === 'back') this.counts.givenBack++;
      else this.stuck.push(`${user}, transferred to ${slot}, is neither parked nor given back: ${stateOf(caller)}`);
    } finally {
      if (caller.isAlive) world.hangUp(caller);
    }
    talked.mayEnd(caller);
  }

  async #settles(caller: Channel, deskLeg: Channel): Promise<'parked' | 'back' | 'stuck' | 'gone'> {
    let where: 'parked' | 'back' | 'gone' | undefined;
    await this.#until(() => {
      const partner = partnerOf(caller);
      const music = caller.parked && caller.nested?.argument === 'local_stream://moh';
      if (!caller.isAlive) where = 'gone';
      else if (music && (caller.variables.get('parkade_park') ?? '') !== '') where = 'parked';
      else if (partner !== undefined && partner !== deskLeg) where = 'back';
      return where !== undefined;
    });
    return where ?? 'stuck';
  }

  /** Dials the slot until somebody has the caller: a pickup that fails is dialled again, as people do. */
  async #fetch(caller: Channel, desk: string, slot: string, from: MediaWorld['here']): Promise<void> {
    const endMs = performance.now() + STUCK_MS;
    let last = '';
    while (!this.#hasHim(caller, desk) && caller.isAlive && performance.now() < endMs) {
      const taker = from.sim.call(desk, `*5${slot}`);
      this.world.talked.mayTalk(taker, caller);
      await this.#until(() => !taker.isAlive || this.#hasHim(caller, desk));
      if (this.#hasHim(caller, desk)) break;
      last = stateOf(taker);
      if (taker.isAlive) this.world.hangUp(taker);
      this.counts.dialledAgain++;
      await delay(200);
    }
    if (this.#hasHim(caller, desk)) this.counts.fetched++;
    else {
      const what = caller.isAlive ? 'cannot be fetched' : 'is gone';
      this.stuck.push(`the caller in ${slot} ${what}: ${stateOf(caller)}; whoever dialled: ${last}`);
    }
  }

  #hasHim(caller: Channel, desk: string): boolean {
    return partnerOf(caller)?.phone.user === desk;
  }

  async #until(condition: () => boolean): Promise<void> {
    const endMs = performance.now() + STUCK_MS;
    while (!condition() && performance.now() < endMs) await delay(10);
  }
}

/** What a leg does at its switch, for whoever looks into a run that failed. */
function stateOf(leg: Channel): string {
  const { uuid, state, answerState, parked, running, nested, held, variables, peer } = leg;
  const doing = [running, nested].map((each) => (each === undefined ? '' : `${each.application} ${each.argument}`));
  const marks = [...variables]
    .filter(([name]) => name.startsWith('parkade'))
    .map(([name, value]) => `${name}=${value}`);
  const where = parked ? 'parked' : peer === undefined ? 'alone' : `with ${peer.uuid}`;
  return [uuid, state, answerState, where, held === undefined ? '' : 'held', ...doing, ...marks]
    .filter((text) => text !== '')
    .join(' ');
}
