import { Consistency, type Park, ParkState } from '@parkade/proto';
import type { NodeContext } from './context.js';

type Asks = Pick<NodeContext, 'api'>;

/** Whether this very attempt to fetch this very call stands, as the slot's owner knows at this moment. */
export async function attemptStands(context: Asks, park: Park): Promise<boolean> {
  const now = await parkNow(context, park);
  const isAttempt = now?.state === ParkState.RETRIEVING && now.retrieveId === park.retrieveId;
  return isAttempt && now.call?.callId === park.call?.callId;
}

/** Whether somebody is rung for this very call in this park, as the slot's owner knows at this moment. */
export async function isRungFor(
  context: Asks,
  about: Pick<Park, 'tenantId' | 'parkId'>,
  callId: string,
): Promise<boolean> {
  const now = await parkNow(context, about);
  return now?.state === ParkState.RINGBACK && now.call?.callId === callId;
}

async function parkNow(
  { api }: Asks,
  { tenantId, parkId }: Pick<Park, 'tenantId' | 'parkId'>,
): Promise<Park | undefined> {
  const by = { $case: 'parkId', value: parkId } as const;
  const found = await api.getPark({ tenantId, by, consistency: Consistency.FENCED });
  return found.ok ? found.value.park : undefined;
}
