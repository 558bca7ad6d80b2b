import { type Clock, sleep } from '@parkade/clock';
import { type RingFailure, ringFailure } from '../switch/causes.js';
import type { NodeSwitch } from '../switch/node-switch.js';
import { LEG_OF_VARIABLE } from '../switch/park-mark.js';
import { standingOf } from '../switch/standing.js';
import type { LegFact, LegRef } from './types.js';

/** How a leg that is rung for a park stands at its switch. */
export async function legFact(sw: NodeSwitch, { legId, parkId }: Pick<LegRef, 'legId' | 'parkId'>): Promise<LegFact> {
  const found = await sw.look(legId);
  if (found.kind !== 'leg') return found.kind === 'gone' ? 'missing' : 'unknown';
  if (found.headers.get(`variable_${LEG_OF_VARIABLE}`) !== parkId) return 'foreign';
  const standing = standingOf(found.headers);
  return standing === 'waiting' ? 'answered' : standing;
}

/**
 * Dials a leg; resolves within `limitMs` to why it has failed. Undefined: its events tell, as they do where nobody knows whether it rings, or
 * the switch is asked when it is back.
 */
export async function dial(
  sw: NodeSwitch,
  legId: string,
  dialString: string,
  limitMs: number,
): Promise<RingFailure | undefined> {
  const result = await sw.originate(dialString, limitMs);
  if (result.ok) return undefined;
  if (result.text !== undefined) return ringFailure(result.text);
  return sw.isUp && (await sw.exists(legId)) === false ? 'failed' : undefined;
}

/** Until a leg that is not at the switch yet is ended again, and how often. */
const [AGAIN_MS, MAX_AGAIN] = [50, 100];

/** Ends a leg, also one that is being dialled (`isDialled`) and not at the switch yet. Whether it is known to be gone. */
export async function endDialled(
  sw: NodeSwitch,
  clock: Clock,
  legId: string,
  cause: string,
  isDialled: () => boolean,
): Promise<boolean> {
  for (let again = 0; ; again++) {
    if (await sw.kill(legId, cause)) return true;
    if (!isDialled() || again === MAX_AGAIN) return (await sw.exists(legId)) === false;
    await sleep(clock, AGAIN_MS);
  }
}
