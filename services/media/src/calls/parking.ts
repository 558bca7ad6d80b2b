// A call that somebody has transferred to a code is parked.
//   P1. The leg is in the switch's own park, with hold audio, before its slot is asked for: from then on it depends on no
//       process of ours.
//   P2. It is never hung up because a slot is taken, a lot full, or the cluster away: it goes back to whoever parked it, or
//       waits, marked as pending, for the next reconciliation; but no longer than pendingMs, where it has somebody to go to.
//   P3. The mark is on the leg before the call counts as parked here.
import { HOLDING_LOT } from '@parkade/ids';
import { MediaControl, OnOccupied, type Park, ParkState, type ParkResponse, Reason } from '@parkade/proto';
import { markVariables, NOT_PENDING, PENDING_HERE, PENDING_VARIABLE } from '../switch/park-mark.js';
import { holdAudio, idOf, type NodeContext, parkerOf, type Visit } from './context.js';
import { type Place, soundAt, wishedPlace } from '../hold/hold-place.js';
import { parkOfCall } from './park-look.js';
import { ofPark } from './parked-calls.js';
import { shortReason } from '../refusals/announcement.js';
import type { Answer } from './park-api.js';
import { slotSound } from './slot-sound.js';
import { domainOf } from './tenant-rules.js';
import { parkTarget } from './targets.js';

/** Parks the call of a blind or attended transfer. */
export async function parkTransferred(visit: Visit): Promise<void> {
  const { arrival, parked, sw, log } = visit;
  const { legId, way } = arrival;
  if (!arrival.answered) {
    log.info('refused: a call that nobody has answered cannot be parked', { legId });
    if (parkerOf(visit).extension !== '') return giveBack(visit, 'not answered', 'not answered');
    await sw.kill(legId, 'CALL_REJECTED');
    return;
  }
  if (arrival.conference) return giveBack(visit, 'a leg of a conference', 'conference');
  if (!parked.watch(legId)) return giveBack(visit, 'too many calls');
  // Both are written at once; the switch takes them in this order.
  const marked = sw.setVariables(legId, PENDING_HERE);
  const place = await sw.park(arrival, false);
  const isPending = await marked;
  if (place === 'gone') return parked.leave(legId);
  // Whatever holds it yet: who comes for it could not be connected (P1).
  if (place === 'failed' && isPending) return waitsAsPending(visit, 'not in park');
  const heard = await holdFor(visit, wishedPlace(visit));
  const answer = way.kind === 'attended' ? await complete(visit, way.replaces) : await park(visit);
  if (!answer.ok) return refused(visit, answer);
  const { park: parkedAt, revision } = answer.value;
  if (parkedAt === undefined) return;
  await settled(visit, legId, parkedAt, revision);
  page(visit, parkedAt);
  // What he waits in may sound otherwise than what was asked for.
  if (heard !== soundAt(visit, parkedAt)) {
    await sw.silence(legId);
    await holdAudio(visit, legId, parkedAt);
  }
}

/** Phones say where the call waits, where the tenant wants that; a call in the holding lot has no slot to be fetched from. */
function page(visit: Visit, { tenantId, lotId, slot }: Park): void {
  const { pages, settingsOf, config, arrival, parked } = visit;
  const settings = settingsOf(tenantId)?.settings.page;
  const domain = domainOf(config, tenantId);
  if (settings === undefined || domain === undefined || lotId === HOLDING_LOT) return;
  // It may have hung up meanwhile.
  if (!parked.has(arrival.legId)) return;
  pages.start(arrival.legId, { slot, domain, settings, sound: slotSound(slot, config.announcements) });
}

/** Hold audio before the slot is known; answers what is heard. */
async function holdFor(visit: Visit, place: Place): Promise<string> {
  await holdAudio(visit, visit.arrival.legId, place);
  return soundAt(visit, place);
}

/** The park is durable: its mark is put on the leg. Where nobody knows whether it is there, the next reconciliation does it (P3). */
export async function settled(
  { parked, sw, log, reconcileSoon }: NodeContext,
  legId: string,
  park: Park,
  revision: number,
  reserved = false,
): Promise<void> {
  const { tenantId, parkId } = park;
  const mark = { tenantId, parkId, revision, back: park.parker?.extension ?? '' };
  const isMarked = await sw.setVariables(legId, markVariables(mark));
  if (!parked.parked(legId, { ...ofPark(park), reserved }) || isMarked) return;
  log.warn('a parked leg could not be marked', { legId, parkId });
  parked.marked(legId, false);
  reconcileSoon();
}

/**
 * It stands in a slot already, or another process has asked for it in other words: the one that had the node before knew more of its
 * legs, or less.
 */
const ASKED_ALREADY: ReadonlySet<Reason | undefined> = new Set([Reason.CALL_ALREADY_PARKED, Reason.REQUEST_ID_REUSED]);

/** Not parked now; where nobody knows, or it was asked for already, the slots are believed. */
async function refused(visit: Visit, answer: Extract<Answer<ParkResponse>, { ok: false }>): Promise<void> {
  const { rule, arrival, node } = visit;
  const { legId } = arrival;
  if (ASKED_ALREADY.has(answer.reason)) {
    const found = await parkOfCall(visit, rule.tenantId, { mediaNode: node, callId: legId });
    if (typeof found !== 'string') return settled(visit, legId, found, found.revision);
  }
  if (answer.known && !ASKED_ALREADY.has(answer.reason)) {
    return giveBack(visit, answer.message, shortReason(answer.reason));
  }
  return waitsAsPending(visit, answer.message);
}

/** It stays marked as pending: the next reconciliation finds it in its slot, or takes it again; but not for ever (P2). */
async function waitsAsPending(visit: Visit, message: string): Promise<void> {
  const { arrival, parked, clock, config, log, reconcileSoon } = visit;
  const { legId } = arrival;
  if (clock.nowMs() - arrival.sinceMs > config.limits.pendingMs) return giveBack(visit, message, 'no answer');
  log.warn('nobody knows whether a call was parked', { legId, message });
  parked.leave(legId);
  reconcileSoon();
}

function park(visit: Visit): Promise<Answer<ParkResponse>> {
  const { rule, arrival, api } = visit;
  const target = parkTarget(visit);
  if (target === undefined) {
    return Promise.resolve({
      ok: false,
      known: true,
      reason: undefined,
      message: 'the parker is in no group',
      metadata: {},
    });
  }
  return api.park({
    requestId: idOf(visit, 'park'),
    tenantId: rule.tenantId,
    target,
    call: arrival.call,
    parker: parkerOf(visit),
    note: '',
    // Ours never hangs up: where the slot is taken the call waits in the holding lot, and the parker is rung.
    onOccupied: target.kind?.$case === 'slot' ? OnOccupied.RING_PARKER : OnOccupied.UNSPECIFIED,
    mediaControl: MediaControl.CLUSTER,
    overrides: undefined,
  });
}

/** The caller takes the place of the parker's own call; when that place is gone, the next free slot. */
async function complete(visit: Visit, replaces: string): Promise<Answer<ParkResponse>> {
  const { api, rule, arrival } = visit;
  const { tenantId } = rule;
  const reservation = await parkOfCall(visit, tenantId, { mediaNode: '', callId: replaces });
  if (typeof reservation === 'string' || reservation.state !== ParkState.RESERVED) {
    return park({ ...visit, wish: { kind: 'park-next' } });
  }
  const { parkId } = reservation;
  const answer = await api.completeReservation({
    requestId: idOf(visit, 'complete'),
    tenantId,
    parkId,
    call: arrival.call,
  });
  if (answer.ok || !answer.known || ASKED_ALREADY.has(answer.reason)) return answer;
  return park({ ...visit, wish: { kind: 'park-next' } });
}

/** Back to whoever parked it (R7), with the reason on his display (R11); without anybody to go to, it waits. */
export async function giveBack(visit: Visit, why: string, shown = 'not possible'): Promise<void> {
  const { sw, log, arrival, parked } = visit;
  const { legId, origin } = arrival;
  const { extension } = parkerOf(visit);
  log.warn('a call could not be parked', { legId, why, backTo: extension });
  parked.leave(legId);
  if (extension !== '' && arrival.way.kind !== 'direct') {
    // His phone says why it rings: what the dial plan shows of a call that it connects.
    const name = `Not parked (${shown}): ${arrival.call.callerName || arrival.call.callerNumber}`;
    await sw.setVariables(legId, { ...NOT_PENDING, effective_caller_id_name: name });
    if ((await sw.transfer(legId, extension, origin.context)) !== 'failed') return;
  }
  await sw.setVariables(legId, { [PENDING_VARIABLE]: 'true' });
}
