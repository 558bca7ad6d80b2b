// Somebody fetches a parked call.
//   G1. Nobody else can have the call from BeginRetrieve on, and it is freed only when the two talk.
//   G2. However it fails, the caller is back in his slot with hold audio and the time he had left (R3).
//   G3. What became of a bridge is what the switch says; when it says nothing it is asked again. What nobody knows after all is
//       left as it is, and a reconciliation finds out soon (pickup-faults.test.ts).
import { type CallRef, MediaControl, type Park, Reason } from '@parkade/proto';
import { sleep } from '@parkade/clock';
import { toDuration } from '@parkade/rpc';
import { NO_MARK } from '../switch/park-mark.js';
import { joinSurely } from './connecting.js';
import { holdAudio, idOf, sayAndHangUp, type Visit } from './context.js';
import { sendToCall } from './delivering.js';
import { givenBack, leftOpen } from './give-back.js';
import { newPickupSecret, type PickupSecret } from './pickup-number.js';
import { attemptStands } from './standing-attempt.js';
import { reserve } from './reserving.js';
import { retrieveFrom } from './targets.js';

/** A slot that is about to become free or taken is asked again so long. */
const SETTLE_MS = 3_000;
const ASK_AGAIN_MS = 250;
/**
 * What may be otherwise in a moment. REQUEST_ID_REUSED: the process that had the node before has begun this very attempt, with a
 * secret that nobody knows any more; the attempt is ended as soon as the node is reconciled.
 */
const SETTLES: ReadonlySet<Reason | undefined> = new Set([
  Reason.SLOT_RESERVED,
  Reason.SLOT_RETRIEVING,
  Reason.REQUEST_ID_REUSED,
]);

/** Fetches what waits where the code says; a code that also parks reserves the slot when it is free. */
export async function retrieve(visit: Visit): Promise<void> {
  const { arrival, sw, config } = visit;
  const { announcements } = config;
  const begun = await begin(visit);
  const wish = visit.wish.kind;
  if (begun.kind === 'empty' && (wish === 'auto' || wish === 'auto-extension')) return reserve(visit);
  // Answered and waiting: a bridge with a leg that still rings would end both.
  const place = await sw.park(arrival, true);
  if (place === 'gone') {
    if (begun.kind === 'begun') await givenBack(visit, begun.park, 'retriever hung up');
    return;
  }
  // Nobody knows what the phone does: whoever ends the attempt tells it, where it waits (G3).
  if (begun.kind === 'begun' && place === 'failed') return visit.reconcileSoon();
  if (begun.kind === 'begun') return connect(visit, begun);
  const sound =
    begun.kind === 'empty' ? announcements.empty : begun.kind === 'busy' ? announcements.inUse : announcements.failed;
  await sayAndHangUp(visit, arrival.legId, sound);
}

/** An attempt to fetch a call, and with what the phone may come to it at another node. */
interface Attempt {
  readonly kind: 'begun';
  readonly park: Park;
  readonly revision: number;
  readonly secret: PickupSecret;
}

type Begun = Attempt | { readonly kind: 'empty' | 'busy' | 'failed' };

async function begin(visit: Visit): Promise<Begun> {
  const { api, rule, arrival, clock, config, random } = visit;
  const from = retrieveFrom(visit);
  if (from === undefined) return { kind: 'failed' };
  const secret = newPickupSecret(random);
  const endMs = clock.monotonicMs() + SETTLE_MS;
  for (let attempt = 1; ; attempt++) {
    const answer = await api.beginRetrieve({
      requestId: idOf(visit, `begin-${attempt}`),
      tenantId: rule.tenantId,
      from,
      retriever: arrival.call,
      mediaControl: MediaControl.CLUSTER,
      giveUpAfter: toDuration(config.limits.giveUpMs),
      pickupDigest: Buffer.from(secret.digest),
    });
    if (answer.ok) {
      const { park, revision } = answer.value;
      return park === undefined ? { kind: 'failed' } : { kind: 'begun', park, revision, secret };
    }
    const { reason } = answer;
    if (!answer.known) leftOpen(visit, 'nobody knows whether a retrieve has begun', { legId: arrival.legId });
    if (reason === Reason.SLOT_EMPTY || reason === Reason.SLOT_NOT_FOUND) return { kind: 'empty' };
    if (!SETTLES.has(reason)) return { kind: 'failed' };
    if (clock.monotonicMs() > endMs) return { kind: 'busy' };
    await sleep(clock, ASK_AGAIN_MS);
  }
}

async function connect(visit: Visit, { park, revision, secret }: Attempt): Promise<void> {
  const { node, arrival, parked, config } = visit;
  const { call, parkId } = park;
  const takerId = arrival.legId;
  if (call?.mediaNode !== node) {
    if (await sendToCall(visit, park, secret)) return;
    if ((await givenBack(visit, park, 'not connected', true)) === 'claimed') return;
    return sayAndHangUp(visit, takerId, config.announcements.failed);
  }
  const { callId } = call;
  const hold = (): Promise<void> => holdAudio(visit, callId, park);
  const isHis = (): Promise<boolean> => attemptStands(visit, park);
  // He has just been parked, answered; of the caller the events of this connection say whether he waits.
  const bothWait = parked.park(callId)?.parkId === parkId && !parked.talks(callId);
  const joined = await joinSurely(visit, { takerId, callId, parkId, isHis, revision, bothWait }, hold);
  switch (joined) {
    case 'connected':
      return confirmed(visit, park, call);
    case 'caller-gone':
      parked.leave(callId);
      await parked.release(callId, { tenantId: park.tenantId, parkId, reserved: false }, 'NORMAL_CLEARING');
      return sayAndHangUp(visit, takerId, config.announcements.empty);
    case 'failed':
      await givenBack(visit, park, 'not connected');
      return sayAndHangUp(visit, takerId, config.announcements.failed);
    case 'unknown':
      return leftOpen(visit, 'nobody knows whether a call was fetched', { parkId });
  }
}

/** They talk: the slot is freed, and the leg is no parked one any more. */
async function confirmed(visit: Visit, park: Park, call: CallRef): Promise<void> {
  const { api, parked, sw, arrival } = visit;
  const { tenantId, parkId, retrieveId } = park;
  parked.leave(call.callId);
  await sw.setVariables(call.callId, NO_MARK);
  await sw.display(arrival.legId, call.callerName, call.callerNumber);
  const answer = await api.confirmRetrieve({
    requestId: idOf(visit, `confirm-${retrieveId}`),
    tenantId,
    parkId,
    retrieveId,
  });
  if (!answer.ok) leftOpen(visit, 'a fetched call could not be confirmed', { parkId, message: answer.message });
}
