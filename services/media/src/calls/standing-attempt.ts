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

/** Whether somebody is rung for this very call in this park, as the slot's owner knows at this moment. */
export async function isRungFor(
  context: Asks,
  about: Pick<Park, 'tenantId' | 'parkId'>,
  callId: string,
): Promise<boolean> {
  const now = await parkNow(context, about);
  return typeof now !== 'string' && now.state === ParkState.RINGBACK && now.call?.callId === callId;
}
