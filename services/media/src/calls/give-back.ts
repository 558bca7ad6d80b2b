import { newRequestId } from '@parkade/ids';
import { type Park, Reason } from '@parkade/proto';
import type { NodeContext } from './context.js';

/** `claimed`: its phone has come to the call's node, which ends the attempt; `over`: it was over already. */
export type GivenBack = 'given-back' | 'claimed' | 'over' | 'unknown';

/**
 * Gives an attempt to fetch a call back: the caller is in his slot again, with the time he had left. `ifUnclaimed`: only while
 * no phone has come for it from another node.
 */
export async function givenBack(
  { api, clock, random, log }: NodeContext,
  { tenantId, parkId, retrieveId }: Park,
  cause: string,
  ifUnclaimed = false,
): Promise<GivenBack> {
  const requestId = newRequestId(clock.nowMs(), random);
  const answer = await api.giveBackRetrieve({ requestId, tenantId, parkId, retrieveId, cause, ifUnclaimed });
  if (answer.ok) return 'given-back';
  if (answer.reason === Reason.PICKUP_CLAIMED) return 'claimed';
  log.info('an attempt to fetch a call was not given back', { parkId, message: answer.message });
  return answer.known ? 'over' : 'unknown';
}
