// A parker who calls a code himself: a slot is held for the caller he will send after him (an attended park).
//   V1. He hears the slot only when it is held.
//   V2. His hang-up ends the reservation, or keeps it for its grace period where it is the transfer itself.
import { MediaControl, Reason } from '@parkade/proto';
import { slotSound } from './slot-sound.js';
import { announcementOf } from '../refusals/announcement.js';
import { idOf, parkerOf, sayAndHangUp, type Visit } from './context.js';
import { settled } from './parking.js';
import { parkTarget } from './targets.js';

/** Reserves the slot of the visit, and tells it. */
export async function reserve(visit: Visit): Promise<void> {
  const { arrival, parked, sw, api, rule, config, log } = visit;
  const { legId } = arrival;
  const { announcements } = config;
  if (arrival.conference) return refuseConference(visit);
  if (!parked.watch(legId)) return;
  if ((await sw.park(arrival, true)) !== 'parked') return parked.leave(legId);
  const target = parkTarget(visit);
  const answer =
    target === undefined
      ? undefined
      : await api.reserve({
          requestId: idOf(visit, 'reserve'),
          tenantId: rule.tenantId,
          target,
          call: arrival.call,
          parker: parkerOf(visit),
          note: '',
          mediaControl: MediaControl.CLUSTER,
          overrides: undefined,
        });
  if (answer?.ok !== true || answer.value.park === undefined) {
    parked.leave(legId);
    const reason = answer?.ok === false ? answer.reason : undefined;
    log.info('no slot could be reserved', { legId, reason: reason === undefined ? '' : Reason[reason] });
    return sayAndHangUp(visit, legId, announcementOf(reason, announcements));
  }
  const { park, revision } = answer.value;
  await settled(visit, visit.arrival.legId, park, revision, true);
  await saySlot(visit, park.slot);
}

/** A conference cannot wait in a slot, and its leg is not the one who is to wait (R11): said, and nothing is parked. */
async function refuseConference(visit: Visit): Promise<void> {
  const { arrival, sw, config, log } = visit;
  log.info('refused: a leg of a conference cannot be parked', { legId: arrival.legId });
  if ((await sw.park(arrival, true)) !== 'parked') return;
  await sayAndHangUp(visit, arrival.legId, config.announcements.conference);
}

/** Says a slot, digit by digit (R21). */
export async function saySlot({ sw, config, arrival }: Visit, slot: string): Promise<void> {
  const sound = slotSound(slot, config.announcements);
  if (sound !== '') await sw.announce(arrival.legId, sound);
}
