// Attempts to fetch a call that nobody drives any more: whoever began them has died, or cannot say what became of them.
//   E1. An attempt is driven by the process that owns the retriever's node, and from the claim of its pickup on by the one that
//       owns the call's. When that process is not at it any more (it lost the node) the attempt is ended at once; an attempt of
//       others, such as a recall's, when its time is over.
//   E2. What the switch shows decides: talking with its retriever it is confirmed, waiting it is given back; unknown, it waits.
//   E3. A retriever who was waiting meanwhile is told, and hangs on nothing.
import { newRequestId } from '@parkade/ids';
import { type Park, ParkState, PickupState } from '@parkade/proto';
import { timestampMs } from '@parkade/rpc';
import { talk } from '../switch/joining.js';
import { RETRIEVE_VARIABLE } from '../switch/park-mark.js';
import { standingOf } from '../switch/standing.js';
import { holdIfWaiting, type NodeContext, sayAndHangUp } from './context.js';
import { givenBack } from './give-back.js';
import { attemptStands } from './standing-attempt.js';

/** What this process is at. */
export interface Drivers {
  /** Whether something is being done with a leg. */
  isBusy(legId: string): boolean;
  /** Whether a phone of another node is being connected with a park's call. */
  isDelivering(parkId: string): boolean;
}

/** Past its give-up time, so that whoever drives the attempt has ended it. */
const MARGIN_MS = 2_000;

/** When an attempt to fetch a call is over, in wall ms. */
export function overAtMs({ state, giveUpAt }: Park): number {
  const retrieving = state === ParkState.RETRIEVING && giveUpAt !== undefined;
  return retrieving ? timestampMs(giveUpAt) + MARGIN_MS : Infinity;
}

/** Whether this process is at an attempt to fetch a call. */
export function isDriven({ parkId, state, retriever }: Park, drivers: Drivers): boolean {
  return state === ParkState.RETRIEVING && (drivers.isBusy(retriever?.callId ?? '') || drivers.isDelivering(parkId));
}

/** Whether an attempt to fetch a call of this node is for us to end. */
export function isUndriven({ node, clock }: NodeContext, park: Park, drivers: Drivers): boolean {
  const { state, retriever, pickup } = park;
  if (state !== ParkState.RETRIEVING || isDriven(park, drivers)) return false;
  const isOurs = pickup === PickupState.CLAIMED || (pickup === PickupState.OPEN && retriever?.mediaNode === node);
  return isOurs || overAtMs(park) <= clock.nowMs();
}

/** Ends it, as the switch shows it. */
export async function settleRetrieve(context: NodeContext, legId: string, park: Park, drivers: Drivers): Promise<void> {
  const { sw, api, clock, random, config } = context;
  // What was listed may have ended since, and another attempt begun.
  if (!(await attemptStands(context, park)) || !isUndriven(context, park, drivers)) return;
  const found = await sw.look(legId);
  if (found.kind !== 'leg') return;
  const { tenantId, parkId, retrieveId, retriever } = park;
  // A retriever of another node talks over a leg of its own here, which carries the attempt's name.
  const other = found.headers.get('Other-Leg-Unique-ID') ?? '';
  const isIts = other !== '' && (await sw.variable(other, RETRIEVE_VARIABLE)) === retrieveId;
  const talks = await talk(sw, found.headers, isIts ? other : (retriever?.callId ?? ''));
  if (talks === 'unknown') return;
  const standing = standingOf(found.headers);
  // Left alone by a bridge that did not come about.
  const isAlone = standing === 'connected' && (await sw.exists(other)) === false;
  if (talks === 'yes') {
    const requestId = newRequestId(clock.nowMs(), random);
    await api.confirmRetrieve({ requestId, tenantId, parkId, retrieveId });
    if (isIts) await sw.setVariables(other, { [RETRIEVE_VARIABLE]: '' });
    context.parked.leave(legId);
  } else if (standing === 'waiting' || isAlone) {
    if (isAlone || found.headers.get('Channel-State') === 'CS_RESET') await sw.rescue(legId);
    await givenBack(context, park, 'nobody connected them');
    // A leg of a phone at another node that waited here fetches nothing any more.
    context.reconcileSoon();
    // To give it back may have taken a while.
    await holdIfWaiting(context, legId, park);
    if (retriever?.mediaNode === context.node && (await standsOf(context, retriever.callId)) === 'waits') {
      void sayAndHangUp(context, retriever.callId, config.announcements.failed);
    }
  }
}

/**
 * A phone of this node was to fetch a call of another one, and nobody is at it: the attempt ends, unless the phone is on its way
 * and has time.
 */
export async function endOwnAttempt(context: NodeContext, park: Park, drivers: Drivers): Promise<void> {
  const legId = park.retriever?.callId ?? '';
  if (park.pickup !== PickupState.OPEN || drivers.isBusy(legId)) return;
  const stands = await standsOf(context, legId);
  if (stands === 'unknown') return;
  if (stands === 'on-its-way' && overAtMs(park) > context.clock.nowMs()) return;
  await givenBack(context, park, 'nobody connected them', true);
  if (stands === 'waits') void sayAndHangUp(context, legId, context.config.announcements.failed);
}

/** What a retriever's leg does: `waits` where we had it wait. */
async function standsOf(
  { sw }: NodeContext,
  legId: string,
): Promise<'waits' | 'on-its-way' | 'elsewhere' | 'gone' | 'unknown'> {
  const found = await sw.look(legId);
  if (found.kind !== 'leg') return found.kind;
  const application = found.headers.get('variable_current_application');
  if (application === 'bridge') return 'on-its-way';
  const waits = application === 'park' && standingOf(found.headers) === 'waiting';
  return waits ? 'waits' : 'elsewhere';
}
