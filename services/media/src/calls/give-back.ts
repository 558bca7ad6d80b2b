import { newRequestId } from '@parkade/ids';
import { type Park, Reason } from '@parkade/proto';
import type { NodeContext } from './context.js';

/** `claimed`: its phone has come to the call's node, which ends the attempt; `over`: it was over already. */
export type GivenBack = 'given-back' | 'claimed' | 'over' | 'unknown';

/**
 * Gives an attempt to fetch a call back: the caller is in his slot again, with the time he had left. `ifUnclaimed`: only while
 * no phone has come for it from another node. `unknown`: it is seen to before long.
 */
export async function givenBack(
  context: NodeContext,
  { tenantId, parkId, retrieveId }: Park,
  cause: string,
  ifUnclaimed = false,
): Promise<GivenBack> {
  const { api, clock, random, log } = context;
  const requestId = newRequestId(clock.nowMs(), random);
  const answer = await api.giveBackRetrieve({ requestId, tenantId, parkId, retrieveId, cause, ifUnclaimed });
  if (answer.ok) return 'given-back';
  if (answer.reason === Reason.PICKUP_CLAIMED) return 'claimed';
  log.info('an attempt to fetch a call was not given back', { parkId, message: answer.message });
  if (answer.known) return 'over';
  context.reconcileSoon();
  return 'unknown';
}

/**
 * Nobody knows how an attempt to fetch a call stands, at the switch or at the slot's owner: it is left as it is, and looked at
 * anew before long, when the facts decide (settle-retrieve.ts).
 */
export function leftOpen(
  { log, reconcileSoon }: NodeContext,
  why: string,
  about: Readonly<Record<string, string>>,
): void {
  log.warn(why, about);
  reconcileSoon();
}
