import { Consistency, type GetParkRequest, type Park, ParkState } from '@parkade/proto';
import type { NodeContext } from './context.js';
import { isNoPark } from './park-api.js';

type Asks = Pick<NodeContext, 'api'>;

/** A park as its slot's owner knows it at this moment; `none`: there is none, or it has ended; `unknown`: nobody could say. */
export type Look = Park | 'none' | 'unknown';

/** The park of this id. */
export function parkNow(context: Asks, { tenantId, parkId }: Pick<Park, 'tenantId' | 'parkId'>): Promise<Look> {
  return look(context, tenantId, { $case: 'parkId', value: parkId });
}

/** The park that a call is in; `mediaNode` empty: the call of this SIP Call-ID, wherever it is. */
export function parkOfCall(
  context: Asks,
  tenantId: string,
  call: { readonly mediaNode: string; readonly callId: string },
): Promise<Look> {
  return look(context, tenantId, { $case: 'call', value: call });
}

async function look({ api }: Asks, tenantId: string, by: NonNullable<GetParkRequest['by']>): Promise<Look> {
  const found = await api.getPark({ tenantId, by, consistency: Consistency.FENCED });
  if (!found.ok) return isNoPark(found) ? 'none' : 'unknown';
  const { park } = found.value;
  return park === undefined || park.state === ParkState.ENDED ? 'none' : park;
}
