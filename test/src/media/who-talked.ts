import type { Channel, SimulatedSwitch } from '@parkade/media-simulator';
import type { SimulatedNode } from './nodes.js';

/** A phone's leg, or every leg of a user. */
export type Party = Channel | string;

interface Conversation {
  readonly a: Channel;
  readonly b: Channel;
}

/**
 * What the switches themselves saw: who talked with whom, and which callers were hung up, over both nodes. A scenario says who
 * may talk and who hangs up; whatever else happened is a fault.
 */
export class WhoTalked {
  readonly conversations: Conversation[] = [];
  readonly #hungUp: Channel[] = [];
  readonly #mayTalk: (readonly [Party, Party])[] = [];
  readonly #mayEnd = new Set<Channel>();

  /** Follows a switch; again after a restart, which makes another one of it. */
  follow(sim: SimulatedSwitch): void {
    const { core } = sim;
    core.events.onEvent(({ name, uuid }) => {
      const leg = core.find(uuid ?? '');
      if (leg === undefined) return;
      if (name === 'CHANNEL_BRIDGE') this.#talked(leg);
      if (name === 'CHANNEL_HANGUP' && leg.phone.user.startsWith('2')) this.#hungUp.push(leg);
    });
  }

  /** These two are meant to talk. */
  mayTalk(a: Party, b: Party): void {
    this.#mayTalk.push([a, b]);
  }

  /** The phone of this leg hangs up, or loses its node: it and whoever talks with it may end. */
  mayEnd(leg: Channel): void {
    this.#mayEnd.add(leg);
    const other = partnerOf(leg);
    if (other !== undefined) this.#mayEnd.add(other);
  }

  /** What was wrong so far; then everything is forgotten. */
  faults(): readonly string[] {
    const strangers = this.conversations
      .filter(({ a, b }) => !this.#mayTalk.some(([x, y]) => (is(a, x) && is(b, y)) || (is(a, y) && is(b, x))))
      .map(({ a, b }) => `${nameOf(a)} was joined with ${nameOf(b)}`);
    const lost = this.#hungUp
      .filter((leg) => !this.#mayEnd.has(leg))
      .map((leg) => `${nameOf(leg)} was hung up (${leg.cause ?? 'no cause'})`);
    this.conversations.length = this.#hungUp.length = this.#mayTalk.length = 0;
    this.#mayEnd.clear();
    return [...strangers, ...lost];
  }

  #talked(leg: Channel): void {
    const { peer } = leg;
    if (peer === undefined) return;
    const [a, b] = [phoneBehind(leg, peer), phoneBehind(peer, leg)];
    if (a !== undefined && b !== undefined) this.conversations.push({ a, b });
  }
}

/** Whom a leg talks with, also over the other node; undefined: nobody. */
export function partnerOf(leg: Channel): Channel | undefined {
  return leg.peer === undefined ? undefined : phoneBehind(leg.peer, leg);
}

/** Every leg of every node. */
export function allLegs(nodes: readonly SimulatedNode[]): readonly (readonly [SimulatedSwitch, Channel])[] {
  return nodes.flatMap(({ sim }) => [...sim.core.channels.values()].map((leg) => [sim, leg] as const));
}

/** The phone's leg that a leg stands for: its own, or the one at the other node; undefined: nobody talks there yet. */
function phoneBehind(leg: Channel, from: Channel): Channel | undefined {
  const { across } = leg;
  if (across === undefined) return leg;
  return across.peer === undefined || across.peer === from ? across.caller : across.peer;
}

function is(leg: Channel, party: Party): boolean {
  return typeof party === 'string' ? leg.phone.user === party : leg === party;
}

function nameOf({ phone, uuid }: Channel): string {
  return `${phone.user} (${uuid})`;
}
