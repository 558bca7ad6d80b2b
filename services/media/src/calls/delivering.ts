// A parked call and the phone that fetches it are at different nodes: the phone comes to the call.
//   D1. The retriever's node sends its leg, with a one-time number, to the caller's node, which claims the pickup of the slot's
//       owner, makes the bridge and confirms.
//   D2. One side ends the attempt: the caller's node once the pickup was claimed, the retriever's until then. The slot's owner
//       decides which.
//   D3. A number that is unknown, used, late or from elsewhere changes nothing for the parked call.
import type { EslHeaders } from '@parkade/esl';
import { newRequestId } from '@parkade/ids';
import type { Park } from '@parkade/proto';
import { DEFAULT_PICKUP_CONTEXT, DEFAULT_SIP_PROFILE } from '../config.js';
import { type SeenLeg, seenLeg } from '../switch/node-switch.js';
import { NO_MARK, RETRIEVE_VARIABLE } from '../switch/park-mark.js';
import { cameAtMs } from './arrival.js';
import { joinSurely } from './connecting.js';
import { endLeg, holdAudio, type NodeContext, type Visit } from './context.js';
import { givenBack, leftOpen } from './give-back.js';
import { type PickupNumber, pickupNumber, type PickupSecret } from './pickup-number.js';
import { requestIdFor } from './request-id.js';
import { attemptStands } from './standing-attempt.js';

/** Sends the retriever's leg to the node of the call; whether the two nodes are connected. */
export async function sendToCall(visit: Visit, park: Park, secret: PickupSecret): Promise<boolean> {
  const { addresses, sw, arrival, config, log } = visit;
  const { call, parkId } = park;
  const sipAddress = addresses.sipAddress(call?.mediaNode ?? '');
  if (sipAddress === '') {
    log.warn('the node of a parked call takes no phones of other nodes', { parkId, node: call?.mediaNode });
    return false;
  }
  const dialString = `sofia/${config.sipProfile ?? DEFAULT_SIP_PROFILE}/${pickupNumber(secret, park)}@${sipAddress}`;
  if (!(await sw.sendOut(arrival.legId, dialString, config.limits.giveUpMs))) return false;
  await sw.display(arrival.legId, call?.callerName ?? '', call?.callerNumber ?? '');
  return true;
}

/** A leg has come from another node: where its number is good it gets the call, else it is refused. */
export async function deliver(
  context: NodeContext,
  legId: string,
  { tenantId, parkId, digest }: PickupNumber,
  headers: EslHeaders,
): Promise<void> {
  const { node, api, addresses, config, clock, random } = context;
  if (headers.get('Caller-Context') !== (config.pickupContext ?? DEFAULT_PICKUP_CONTEXT)) {
    return refusePickup(context, legId, 'not by the way of the nodes');
  }
  const answer = await api.claimPickup({
    requestId: requestIdFor({ node, legId, sinceMs: cameAtMs(headers) }, 'claim', clock, random),
    tenantId,
    parkId,
    digest: Buffer.from(digest),
    mediaNode: node,
    fromMediaNodes: [...(await addresses.nodesAt(headers.get('variable_sip_network_ip') ?? ''))],
  });
  if (answer.ok) {
    const { park, revision } = answer.value;
    return park === undefined ? undefined : takeDelivered(context, seenLeg(legId, headers), park, revision);
  }
  if (answer.known) return refusePickup(context, legId, answer.metadata['why'] ?? answer.message);
  leftOpen(context, 'nobody knows whether a pickup was claimed', { legId, parkId });
  await endLeg(context, legId, 'NORMAL_TEMPORARY_FAILURE');
}

/** A number that is good for nothing. It is not told to anybody, nor logged. */
export async function refusePickup(context: NodeContext, legId: string, why: string): Promise<void> {
  context.log.warn('refused: a pickup number that is good for nothing', { legId, why });
  await endLeg(context, legId, 'CALL_REJECTED');
}

/** The pickup is claimed: the leg gets the call. */
async function takeDelivered(context: NodeContext, leg: SeenLeg, park: Park, revision: number): Promise<void> {
  const { sw, api, parked, clock, random } = context;
  const { tenantId, parkId, retrieveId } = park;
  const callId = park.call?.callId ?? '';
  const { legId } = leg;
  await sw.setVariables(legId, { [RETRIEVE_VARIABLE]: retrieveId });
  if ((await sw.park(leg, true)) !== 'parked') {
    await givenBack(context, park, 'retriever hung up');
    return endLeg(context, legId, 'NORMAL_CLEARING');
  }
  const about = {
    takerId: legId,
    callId,
    parkId,
    isHis: () => attemptStands(context, park),
    revision,
    bothWait: false,
  };
  const joined = await joinSurely(context, about, () => holdAudio(context, callId, park));
  switch (joined) {
    case 'connected': {
      parked.leave(callId);
      await sw.setVariables(callId, NO_MARK);
      const requestId = newRequestId(clock.nowMs(), random);
      const answer = await api.confirmRetrieve({ requestId, tenantId, parkId, retrieveId });
      if (!answer.ok)
        return leftOpen(context, 'a fetched call could not be confirmed', { parkId, message: answer.message });
      await sw.setVariables(legId, { [RETRIEVE_VARIABLE]: '' });
      return;
    }
    case 'caller-gone':
      parked.leave(callId);
      await parked.release(callId, { tenantId, parkId, reserved: false }, 'NORMAL_CLEARING');
      break;
    case 'failed':
      await givenBack(context, park, 'not connected');
      break;
    case 'unknown':
      // They may talk.
      return leftOpen(context, 'nobody knows whether a call was fetched', { parkId });
  }
  await endLeg(context, legId, 'NORMAL_CLEARING');
}
