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
