// Phones of other nodes that are on their way to a call that is parked here.
//   Q1. A pickup number is 144 random bits, good once, for ten seconds, for one park and one attempt to fetch it, and only
//       for a leg that comes from the node it was given to. What is kept is its digest.
//   Q2. A number that is unknown, used, late or from elsewhere changes nothing for the parked call.
//   Q3. A number is used or withdrawn, never both: whoever of the two nodes it is ends the attempt.
//   Q4. Bounded: past maxPickups none is given out.
import { createHash } from 'node:crypto';
import type { Clock, Random } from '@parkade/clock';
import type { Park } from '@parkade/proto';

/** What a number is good for. */
export interface Pickup {
  readonly park: Park;
  readonly revision: number;
  /** The address that the leg must come from; empty: the node's registration names none. */
  readonly fromHost: string;
}

interface Offered extends Pickup {
  readonly untilMs: number;
}

const PREFIX = 'pickup-';
const SECRET_BYTES = 18;
const GOOD_FOR_MS = 10_000;
const MAX_PICKUPS = 1_000;

export class Pickups {
  readonly #offered = new Map<string, Offered>();

  constructor(
    private readonly clock: Clock,
    private readonly random: Random,
  ) {}

  /** Gives a number out; undefined: too many are. */
  offer(pickup: Pickup): string | undefined {
    const nowMs = this.clock.monotonicMs();
    for (const [digest, { untilMs }] of this.#offered) if (untilMs <= nowMs) this.#offered.delete(digest);
    if (this.#offered.size >= MAX_PICKUPS) return undefined;
    const number = PREFIX + Buffer.from(this.random.bytes(SECRET_BYTES)).toString('base64url');
    this.#offered.set(digestOf(number), { ...pickup, untilMs: nowMs + GOOD_FOR_MS });
    return number;
  }

  /** Makes a number good for nothing. False: it has been used. */
  withdraw(number: string): boolean {
    return this.#offered.delete(digestOf(number));
  }

  /** Uses a number up, whatever comes of it. Undefined: it is good for nothing. */
  take(number: string, fromHost: string): Pickup | undefined {
    const digest = digestOf(number);
    const offered = this.#offered.get(digest);
    this.#offered.delete(digest);
    if (offered === undefined || offered.untilMs <= this.clock.monotonicMs()) return undefined;
    return offered.fromHost === '' || offered.fromHost === fromHost ? offered : undefined;
  }
}

/** Whether a number is meant as one of these. */
export function isPickupNumber(number: string): boolean {
  return number.startsWith(PREFIX);
}

function digestOf(number: string): string {
  return createHash('sha256').update(number).digest('base64url');
}
