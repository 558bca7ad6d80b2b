// A parked call and the phone that fetches it are at different nodes: the phone comes to the call.
//   D1. The retriever's node sends its leg, with a one-time number, to the caller's node, which makes the bridge and confirms.
//   D2. One side ends the attempt: the caller's node once the number was used, the retriever's when it was withdrawn before.
//       Where that is not known the attempt stays open, and the caller's node finds out when its time is over.
import { type Park } from '@parkade/proto';
import { newRequestId } from '@parkade/ids';
import { DEFAULT_SIP_PROFILE } from '../config.js';
import { join } from '../switch/joining.js';
import { NO_MARK, RETRIEVE_VARIABLE } from '../switch/park-mark.js';
import { holdAudio, type NodeContext, turnWord, type Visit } from './context.js';
import { givenBack } from './give-back.js';
import { attemptStands } from './standing-attempt.js';
import type { Pickup } from './pickups.js';

/**
 * Sends the retriever's leg to the node of the call. `sent`: that node ends the attempt; `failed`: it is for us to give back;
 * `unknown`: for nobody now.
 */
export async function sendToCall(visit: Visit, park: Park, revision: number): Promise<'sent' | 'failed' | 'unknown'> {
  const { offerPickup, sw, arrival, config, log } = visit;
  const offer = await offerPickup(park, revision);
  if (offer === undefined) {
    log.warn('the node of a parked call takes no pickup now', { parkId: park.parkId, node: park.call?.mediaNode });
    return 'failed';
  }
  const dialString = `sofia/${config.sipProfile ?? DEFAULT_SIP_PROFILE}/${offer.number}@${offer.sipAddress}`;
  if (await sw.sendOut(arrival.legId, dialString, config.limits.giveUpMs)) {
    await sw.display(arrival.legId, park.call?.callerName ?? '', park.call?.callerNumber ?? '');
    return 'sent';
  }
  const used = await visit.withdrawPickup(park, offer.number);
  return used === undefined ? 'unknown' : used ? 'sent' : 'failed';
}

/** A leg has come with a number that is good: it gets the call. */
export async function takeDelivered(context: NodeContext, legId: string, { park, revision }: Pickup): Promise<void> {
  const { sw, api, parked, clock, random, log } = context;
  const { tenantId, parkId, retrieveId } = park;
  const callId = park.call?.callId ?? '';
  await sw.setVariables(legId, { [RETRIEVE_VARIABLE]: retrieveId });
  if ((await sw.park(legId, turnWord(random), true)) !== 'parked') {
    await givenBack(context, park, 'retriever hung up');
    await sw.kill(legId, 'NORMAL_CLEARING');
    return;
  }
  const about = { takerId: legId, callId, parkId, isHis: () => attemptStands(context, park), revision };
  const joined = await join(sw, about, () => void holdAudio(context, callId, park));
  switch (joined) {
    case 'connected': {
      parked.leave(callId);
      await sw.setVariables(callId, NO_MARK);
      const requestId = newRequestId(clock.nowMs(), random);
      const answer = await api.confirmRetrieve({ requestId, tenantId, parkId, retrieveId });
      if (!answer.ok) log.warn('a fetched call could not be confirmed', { parkId, message: answer.message });
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
      // They may talk: what is so is found out when the attempt's time is over.
      return log.warn('nobody knows whether a call was fetched', { parkId });
  }
  await sw.kill(legId, 'NORMAL_CLEARING');
}
