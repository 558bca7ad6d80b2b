import type { CallRef } from '@parkade/proto';
import type { Exit, LegFact, ParkView, RecallEvent } from '../machine/index.js';
import type { LegRef, MediaPort } from '../media/port.js';

// What the media say, as events of the machine. Where they say nothing, the machine hears that nobody knows.

/** A leg of a park. */
export function legRef(park: ParkView, legId: string): LegRef {
  return { legId, mediaNode: park.call?.mediaNode ?? '', parkId: park.parkId };
}

/** How a leg stands. */
export function legFact(media: MediaPort, park: ParkView, legId: string): Promise<LegFact> {
  return media.exists(legRef(park, legId)).catch((): LegFact => 'unknown');
}

export async function connectLeg(
  media: MediaPort,
  park: ParkView,
  call: CallRef,
  legId: string,
  turn: number,
): Promise<RecallEvent> {
  try {
    const result = await media.connect(legRef(park, legId), call);
    if (result === 'connected') return { is: 'connected', turn };
    return { is: 'not-connected', turn, callerGone: result === 'caller-gone' };
  } catch {
    // Not known: found out by asking how the leg stands.
    const fact = await legFact(media, park, legId);
    if (fact === 'unknown') return { is: 'connect-unknown', turn };
    return fact === 'connected' ? { is: 'connected', turn } : { is: 'not-connected', turn, callerGone: false };
  }
}

/** A mailbox that is not named is the parker's. */
export async function transferCall(
  media: MediaPort,
  park: ParkView,
  call: CallRef,
  exit: Exclude<Exit, { to: 'wait' }>,
  turn: number,
): Promise<RecallEvent> {
  const mailbox = exit.to === 'voicemail' ? (exit.mailbox ?? park.parker?.extension) : undefined;
  const to = exit.to === 'voicemail' && mailbox !== undefined ? { ...exit, mailbox } : exit;
  try {
    return { is: 'transferred', turn, result: await media.transfer(park, call, to) };
  } catch {
    return { is: 'transferred', turn, result: 'unknown' };
  }
}
