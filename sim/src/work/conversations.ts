import type { Channel, SimulatedSwitch } from '@parkade/media-simulator';

/** Callers have numbers that begin so. */
const CALLER = '2';

/**
 * What the switches themselves saw: who talked with whom, and which parked callers were hung up. Who may talk is said by what people did:
 * the caller with whom he called, with who dialled a slot he was sent to, and with who parked him.
 */
export class Conversations {
  /** What must not be. */
  readonly odd: string[] = [];
  readonly #called = new Map<Channel, Set<string>>();
  readonly #slots = new Map<Channel, Set<string>>();
  readonly #dialled = new Map<string, Set<string>>();
  readonly #mayEnd = new Set<Channel>();
  /** How often two who were meant to were joined. */
  joined = 0;

  follow({ core }: SimulatedSwitch): void {
    core.events.onEvent(({ name, uuid }) => {
      const leg = core.find(uuid ?? '');
      if (leg === undefined) return;
      if (name === 'CHANNEL_BRIDGE') this.#talked(leg);
      if (name === 'CHANNEL_HANGUP' && leg.phone.user.startsWith(CALLER) && isParked(leg) && !this.#mayEnd.has(leg)) {
        this.odd.push(`${leg.phone.user} was hung up (${leg.cause ?? 'no cause'}), and nobody wished it`);
      }
    });
  }

  called(leg: Channel, user: string): void {
    add(this.#called, leg, user);
  }

  sentTo(leg: Channel, slot: string): void {
    add(this.#slots, leg, slot);
  }

  dialled(user: string, slot: string): void {
    add(this.#dialled, user, slot);
  }

  /** The phone of this leg hangs up: it and whoever talks with it may end. */
  mayEnd(leg: Channel): void {
    this.#mayEnd.add(leg);
    const other = partnerOf(leg);
    if (other !== undefined) this.#mayEnd.add(other);
  }

  #talked(leg: Channel): void {
    const { peer } = leg;
    if (peer === undefined) return;
    const [a, b] = [phoneBehind(leg, peer), phoneBehind(peer, leg)];
    if (a === undefined || b === undefined) return;
    // Whose phone at the other node has just hung up: the two were joined before word of it came, and that ends both.
    if (this.#mayEnd.has(a) || this.#mayEnd.has(b)) for (const each of [leg, peer, a, b]) this.#mayEnd.add(each);
    if (this.#may(a, b) || this.#may(b, a)) this.joined++;
    else this.odd.push(`${a.phone.user} was joined with ${b.phone.user}, and nobody asked for it`);
  }

  #may(caller: Channel, other: Channel): boolean {
    const { user } = other.phone;
    if (this.#called.get(caller)?.has(user) === true) return true;
    const dialled = this.#dialled.get(user);
    return [...(this.#slots.get(caller) ?? [])].some((slot) => dialled?.has(slot) === true);
  }
}

/** Whether the leg carries the mark of a park: then it is Parkade's to keep. */
export function isParked(leg: Channel): boolean {
  return (leg.variables.get('parkade_park') ?? '') !== '';
}

/** Whom a leg talks with, also over the other node; undefined: nobody. */
export function partnerOf(leg: Channel): Channel | undefined {
  return leg.peer === undefined ? undefined : phoneBehind(leg.peer, leg);
}

/** The phone's leg that a leg stands for: its own, or the one at the other node; undefined: nobody talks there yet. */
function phoneBehind(leg: Channel, from: Channel): Channel | undefined {
  const { across } = leg;
  if (across === undefined) return leg;
  return across.peer === undefined || across.peer === from ? across.caller : across.peer;
}

function add<Key>(map: Map<Key, Set<string>>, key: Key, value: string): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, new Set([value]));
  else known.add(value);
}
