import { type Park, ParkState } from '@parkade/proto';
import type { NodeContext } from './context.js';
import { parkNow } from './park-look.js';

type Asks = Pick<NodeContext, 'api'>;

/** Whether this very attempt to fetch this very call stands, as the slot's owner knows at this moment. */
export async function attemptStands(context: Asks, park: Park): Promise<boolean> {
  const now = await parkNow(context, park);
  if (typeof now === 'string' || now.state !== ParkState.RETRIEVING) return false;
  return now.retrieveId === park.retrieveId && now.call?.callId === park.call?.callId;
}

/**
 * Whether this very call in this park is for a leg that was rung for it, as the slot's owner knows at this moment: nobody else has
 * it while it rings, and who answers is given the call before the two are joined.
 */
export async function isRungFor(
  context: Asks,
  about: Pick<Park, 'tenantId' | 'parkId'>,
  callId: string,
  legId: string,
): Promise<boolean> {
  const now = await parkNow(context, about);
  if (typeof now === 'string' || now.call?.callId !== callId) return false;
  return now.state === ParkState.RETRIEVING ? now.retriever?.callId === legId : now.state === ParkState.RINGBACK;
}
