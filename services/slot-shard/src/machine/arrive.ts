import { type ParkRecord, Reason, type SlotRecord, TransitionKind } from '@parkade/proto';
import { changed, entered } from './apply.js';
import { withPark } from './named-park.js';
import { isSameCall, parkOfCall } from './parks.js';
import { refuse, refuseCallParked, refuseOccupied, refuseState } from './refusal.js';
import type { Arrival, SlotCommand, Step, StepContext } from './types.js';

/** A call is parked (R1): refused when the slot has no room, or holds this call already. */
export function park(record: SlotRecord, arrival: Arrival, ctx: StepContext): Step {
  const timeout = arrival.policy.ringbackTimeoutMs;
  const recallAtMs = timeout === 0 ? 0 : ctx.nowMs + timeout;
  return arrive(record, arrival, ctx, { $case: 'parked', value: { recallAtMs } }, TransitionKind.PARKED);
}

/** The parker's consulting call holds the slot for the caller it will transfer; without an end while it is up. */
export function reserve(record: SlotRecord, arrival: Arrival, ctx: StepContext): Step {
  return arrive(record, arrival, ctx, { $case: 'reserved', value: { untilMs: 0 } }, TransitionKind.RESERVED);
}

/**
 * The caller takes the place of the consulting call (R10): slot, park id and parker stay, and the timer counts from the
 * reservation, so the recall may be due at once. A reservation whose end is overdue but was not carried out yet is still
 * good: the caller is here.
 */
export function complete(
  record: SlotRecord,
  command: Extract<SlotCommand, { kind: 'complete' }>,
  ctx: StepContext,
): Step {
  return withPark(record, command.parkId, (park) => {
    const elsewhere = parkOfCall(record, command.call, park);
    if (elsewhere !== undefined) return refuseCallParked(elsewhere, ctx);
    if (park.state?.$case !== 'reserved') {
      return isSameCall(park.call, command.call)
        ? refuseCallParked(park, ctx)
        : refuseState(park, 'completed by another call');
    }
    const timeout = park.policy?.ringbackTimeoutMs ?? 0;
    const recallAtMs = timeout === 0 ? 0 : Math.max(park.parkedAtMs + timeout, ctx.nowMs + 1);
    const arrived: ParkRecord = { ...park, call: command.call, state: { $case: 'parked', value: { recallAtMs } } };
    return changed(record, ctx, arrived, { kind: TransitionKind.SWAPPED, requestId: command.requestId });
  });
}

/** Why a park of this id may not enter the slot; undefined: it may. */
export function noRoom(record: SlotRecord, parkId: string, ctx: StepContext): Step | undefined {
  if (record.parks.length >= ctx.capacity) return refuseOccupied(record, ctx);
  return usedId(record, parkId);
}

/**
 * INTERNAL when the slot remembers a park of this id. Ids are drawn at random by the shell; one that comes twice is a defect,
 * and must not make two stays look like one (R4).
 */
export function usedId(record: SlotRecord, parkId: string): Step | undefined {
  const used = record.parks.some((park) => park.parkId === parkId) || record.ended.some((end) => end.parkId === parkId);
  if (!used) return undefined;
  return refuse(Reason.INTERNAL, 'The park id was used before in this slot.', { park_id: parkId });
}

function arrive(
  record: SlotRecord,
  arrival: Arrival,
  ctx: StepContext,
  state: ParkRecord['state'],
  kind: TransitionKind,
): Step {
  const already = parkOfCall(record, arrival.call);
  if (already !== undefined) return refuseCallParked(already, ctx);
  const refused = noRoom(record, arrival.parkId, ctx);
  if (refused !== undefined) return refused;
  const arrived: ParkRecord = {
    parkId: arrival.parkId,
    call: arrival.call,
    parker: arrival.parker,
    note: arrival.note,
    parkedAtMs: ctx.nowMs,
    policy: arrival.policy,
    mediaControl: arrival.mediaControl,
    recallAttempt: 0,
    state,
    previousParkId: '',
    branch: arrival.branch,
  };
  return entered(record, ctx, arrived, { kind, requestId: arrival.requestId });
}
