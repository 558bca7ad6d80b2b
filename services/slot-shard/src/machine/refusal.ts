import { type ParkRecord, Reason, type SlotRecord } from '@parkade/proto';
import { endReason } from '@parkade/slots';
import { stateWord } from './parks.js';
import type { Step, StepContext } from './types.js';

type Refused = Extract<Step, { kind: 'refuse' }>;

/** Nothing changes; `metadata` is the data that `reason` documents. */
export function refuse(reason: Reason, message: string, metadata: Readonly<Record<string, string>> = {}): Refused {
  return { kind: 'refuse', refusal: { reason, message, metadata } };
}

/** The slot has no room; `since_ms` (wall ms) and `state` are those of the park that is there the longest. */
export function refuseOccupied(record: SlotRecord, ctx: StepContext): Refused {
  const oldest = record.parks[0];
  return refuse(Reason.SLOT_OCCUPIED, `Slot ${ctx.name.slot} is in use.`, {
    slot: ctx.name.slot,
    ...(oldest === undefined ? {} : { since_ms: String(oldest.parkedAtMs), state: stateWord(oldest) }),
  });
}

/** The call is in this slot already, as `park`. */
export function refuseCallParked(park: ParkRecord, ctx: StepContext): Refused {
  return refuse(Reason.CALL_ALREADY_PARKED, `The call is parked already in slot ${ctx.name.slot}.`, {
    park_id: park.parkId,
    slot: ctx.name.slot,
  });
}

/** The park is not in a state that allows `doing` (words that go on "cannot be ..."). */
export function refuseState(park: ParkRecord, doing: string): Refused {
  const state = stateWord(park);
  return refuse(Reason.WRONG_STATE, `The park is ${state}; it cannot be ${doing}.`, { state });
}

/** Somebody else is being connected with the call. */
export function refuseRetrieving(ctx: StepContext): Refused {
  const message = `Somebody is just being connected with the call in slot ${ctx.name.slot}.`;
  return refuse(Reason.SLOT_RETRIEVING, message, { slot: ctx.name.slot });
}

/** The slot is held for an attended transfer; `until_ms` (wall ms) only once its end is known. */
export function refuseReserved(untilMs: number, ctx: StepContext): Refused {
  const until = untilMs === 0 ? undefined : { until_ms: String(untilMs) };
  const message = `Slot ${ctx.name.slot} is held for an attended transfer that is not completed.`;
  return refuse(Reason.SLOT_RESERVED, message, { slot: ctx.name.slot, ...until });
}

/** No park of this id is in the slot: PARK_ENDED when it left lately, else PARK_NOT_FOUND. */
export function refuseGone(record: SlotRecord, parkId: string): Refused {
  const gone = record.ended.find((ended) => ended.parkId === parkId);
  if (gone === undefined) {
    return refuse(Reason.PARK_NOT_FOUND, 'No park with this id; it may have ended long ago.', {});
  }
  const how = endReason(gone.how);
  const next = gone.nextParkId === '' ? undefined : { park_id: gone.nextParkId };
  return refuse(Reason.PARK_ENDED, `The park has ended: ${how}.`, { end_reason: how, ...next });
}
