// What is left at a switch of parks that are over, where whoever was at it is gone.
import type { EslHeaders } from '@parkade/esl';
import type { Park } from '@parkade/proto';
import { LEG_OF_VARIABLE, TENANT_VARIABLE } from '../switch/park-mark.js';
import { endLeg, type NodeContext } from './context.js';
import { parkNow } from './park-look.js';

/** A phone that rings for a park which is over stops (R15). `parks`: those that are known to stand; undefined: not all are known. */
export async function endIfRungForNothing(
  context: NodeContext,
  legId: string,
  headers: EslHeaders,
  parks: readonly Park[] | undefined,
): Promise<void> {
  const parkId = headers.get(`variable_${LEG_OF_VARIABLE}`) ?? '';
  const tenantId = headers.get(`variable_${TENANT_VARIABLE}`) ?? '';
  if (parkId === '' || tenantId === '' || parks?.some((park) => park.parkId === parkId) === true) return;
  if ((await parkNow(context, { tenantId, parkId })) !== 'none') return;
  context.log.info('a phone that rings for a call which is parked no more', { legId, parkId });
  await endLeg(context, legId, 'LOSE_RACE');
}
