// What is left at a switch of parks that are over, where whoever was at it is gone.
import type { EslHeaders } from '@parkade/esl';
import type { Park } from '@parkade/proto';
import { LEG_OF_VARIABLE, markOf, NO_MARK, RETRIEVE_VARIABLE, TENANT_VARIABLE } from '../switch/park-mark.js';
import { endLeg, type NodeContext } from './context.js';
import { parkNow } from './park-look.js';
import type { Drivers } from './settle-retrieve.js';

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

/** A phone that rings for somebody who wants a call there, and whose process is gone: unless whoever wants it asks again, it stops. */
export async function endIfNobodyRings(
  context: NodeContext,
  legId: string,
  headers: EslHeaders,
  isNobodys: (legId: string) => boolean,
): Promise<void> {
  const isRung = (headers.get(`variable_${LEG_OF_VARIABLE}`) ?? '') !== '';
  if (!isRung || (headers.get(`variable_${RETRIEVE_VARIABLE}`) ?? '') === '') return;
  if (!isNobodys(legId)) return context.reconcileSoon();
  context.log.info('a phone that nobody has ring any more', { legId });
  await endLeg(context, legId, 'ORIGINATOR_CANCEL');
}

/**
 * A leg that talks, and that nobody is at, loses what says that it waits in a park, or for one, which is over: or it would be moved, or
 * ended, when it waits for something else one day.
 */
export async function unmarkTalking(
  context: NodeContext,
  legId: string,
  headers: EslHeaders,
  parks: readonly Park[] | undefined,
  drivers: Drivers,
): Promise<void> {
  const mark = markOf(headers);
  const fetches = headers.get(`variable_${RETRIEVE_VARIABLE}`) ?? '';
  const isIts = ({ retrieveId, parkId }: Park): boolean => retrieveId === fetches || parkId === fetches;
  const stale = {
    ...(fetches !== '' && parks?.some(isIts) === false ? { [RETRIEVE_VARIABLE]: '' } : {}),
    ...(mark !== undefined && (await parkNow(context, mark)) === 'none' ? NO_MARK : {}),
  };
  // It may have been parked meanwhile, and marked anew.
  if (Object.keys(stale).length === 0 || drivers.isBusy(legId) || context.parked.has(legId)) return;
  await context.sw.setVariables(legId, stale);
}
