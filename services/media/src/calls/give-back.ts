import { newRequestId } from '@parkade/ids';
import type { Park } from '@parkade/proto';
import type { NodeContext } from './context.js';

/** Gives an attempt to fetch a call back: the caller is in his slot again, with the time he had left. */
export async function givenBack(
  { api, clock, random, log }: NodeContext,
  { tenantId, parkId, retrieveId }: Park,
  cause: string,
): Promise<void> {
  const requestId = newRequestId(clock.nowMs(), random);
  const answer = await api.giveBackRetrieve({ requestId, tenantId, parkId, retrieveId, cause });
  if (!answer.ok) log.info('an attempt to fetch a call was over already', { parkId, message: answer.message });
}
