import {
  type CallRef,
  type ParkRecord,
  Reason,
  type Retrieving,
  type SlotRecord,
  TransitionKind,
} from '@parkade/proto';
import { changed, departed } from './apply.js';
import { PICKUP_GOOD_MS } from './claim.js';
import { withPark } from './named-park.js';
import { isWaiting, parkOfCall } from './parks.js';
import { refuse, refuseCallParked, refuseReserved, refuseRetrieving, refuseState } from './refusal.js';
import type { SlotCommand, Step, StepContext } from './types.js';

/** First half (R3): from here on nobody else can take the call. A recall under way is over (R15). */
export function beginRetrieve(
  record: SlotRecord,
  command: Extract<SlotCommand, { kind: 'begin-retrieve' }>,
  ctx: StepContext,
): Step {
  return withWaiting(record, command, ctx, (park) => {
    const value = {
      retrieveId: command.retrieveId,
      by: command.by,
      giveUpAtMs: ctx.nowMs + command.giveUpAfterMs,
      leftMs: leftMs(park, ctx.nowMs),
      ...pickupFor(command, ctx.nowMs),
    };
    return changed(
      record,
      ctx,
      { ...park, state: { $case: 'retrieving', value } },
      {
        kind: TransitionKind.RETRIEVE_BEGUN,
        requestId: command.requestId,
        retriever: command.by,
      },
    );
  });
}

/** With what a phone of another media node may come for the call, where that is wanted. */
function pickupFor(
  { pickupDigest, giveUpAfterMs }: Extract<SlotCommand, { kind: 'begin-retrieve' }>,
  nowMs: number,
): Pick<Retrieving, 'pickup'> {
  if (pickupDigest === undefined) return {};
  const untilMs = nowMs + Math.min(PICKUP_GOOD_MS, giveUpAfterMs);
  return { pickup: { digest: Buffer.from(pickupDigest), untilMs, claimed: false } };
}

/** Begin and confirm in one. */
export function retrieve(
  record: SlotRecord,
  command: Extract<SlotCommand, { kind: 'retrieve' }>,
  ctx: StepContext,
): Step {
  return withWaiting(record, command, ctx, (park) =>
    departed(record, ctx, park, {
      kind: TransitionKind.RETRIEVED,
      requestId: command.requestId,
      retriever: command.by,
    }),
  );
}

/**
 * Second half: the calls are connected. One that comes past `give_up_at_ms` counts as long as the park was not given back:
 * nobody else can have taken the call, and it is connected; a late timer must not say otherwise.
 */
export function confirmRetrieve(
  record: SlotRecord,
  command: Extract<SlotCommand, { kind: 'confirm-retrieve' }>,
  ctx: StepContext,
): Step {
  return withAttempt(record, command, (park, { by }) =>
    departed(record, ctx, park, { kind: TransitionKind.RETRIEVED, requestId: command.requestId, retriever: by }),
  );
}

/**
 * Second half: the calls were not connected. Whoever sent the phone to the call's media node gives it back only while it has not
 * come there: afterwards that node ends the attempt, and exactly one of the two does (R2).
 */
export function giveBack(
  record: SlotRecord,
  command: Extract<SlotCommand, { kind: 'give-back' }>,
  ctx: StepContext,
): Step {
  return withAttempt(record, command, (park, attempt) => {
    if (command.ifUnclaimed === true && attempt.pickup?.claimed === true) {
      return refuse(Reason.PICKUP_CLAIMED, 'The phone has come to the media node of the call, which ends the attempt.');
    }
    return givenBack(record, ctx, park, attempt, command.requestId, command.cause);
  });
}

/** The park waits again, with the time that was left when the retrieve began (R3). */
export function givenBack(
  record: SlotRecord,
  ctx: StepContext,
  park: ParkRecord,
  attempt: Retrieving,
  requestId: string,
  reason: string,
): Step {
  const recallAtMs = attempt.leftMs === 0 ? 0 : ctx.nowMs + attempt.leftMs;
  return changed(
    record,
    ctx,
    { ...park, state: { $case: 'parked', value: { recallAtMs } } },
    {
      kind: TransitionKind.GIVEN_BACK,
      requestId,
      reason,
      retriever: attempt.by,
    },
  );
}

/**
 * What is left until the recall: 0 when it never comes, else at least 1 ms. For a park that is being rung back it is 1: the
 * pickup cancelled the ringing, so there is none to go back to; but the recall was due and nobody answered it, so it is due
 * again at once. A failed pickup must not make the caller wait another whole period.
 */
function leftMs(park: ParkRecord, nowMs: number): number {
  if (park.state?.$case !== 'parked') return 1;
  const { recallAtMs } = park.state.value;
  return recallAtMs === 0 ? 0 : Math.max(1, recallAtMs - nowMs);
}

/** Runs `then` on the park that is named, or else on the oldest that waits; refuses where that cannot be retrieved. */
function withWaiting(
  record: SlotRecord,
  command: { readonly parkId: string | undefined; readonly by: CallRef },
  ctx: StepContext,
  then: (park: ParkRecord) => Step,
): Step {
  // A call that is parked here can be nobody's retriever, its own least of all.
  const parked = parkOfCall(record, command.by);
  if (parked !== undefined) return refuseCallParked(parked, ctx);
  if (command.parkId !== undefined) {
    return withPark(record, command.parkId, (park) => (isWaiting(park) ? then(park) : refuseBusy(park, ctx)));
  }
  const oldest = record.parks.find(isWaiting);
  return oldest === undefined ? refuseNobodyWaits(record, ctx) : then(oldest);
}

function refuseNobodyWaits(record: SlotRecord, ctx: StepContext): Step {
  const busy =
    record.parks.find((park) => park.state?.$case === 'retrieving') ??
    record.parks.find((park) => park.state?.$case === 'reserved') ??
    record.parks.find((park) => park.state === undefined);
  if (busy !== undefined) return refuseBusy(busy, ctx);
  return refuse(Reason.SLOT_EMPTY, `Nobody is parked in slot ${ctx.name.slot}.`, { slot: ctx.name.slot });
}

function refuseBusy(park: ParkRecord, ctx: StepContext): Step {
  if (park.state?.$case === 'retrieving') return refuseRetrieving(ctx);
  if (park.state?.$case === 'reserved') return refuseReserved(park.state.value.untilMs, ctx);
  return refuseState(park, 'retrieved');
}

/** Runs `then` on the attempt that is named; RETRIEVE_EXPIRED when the park waits again, or is another's. */
function withAttempt(
  record: SlotRecord,
  command: { readonly parkId: string; readonly retrieveId: string },
  then: (park: ParkRecord, attempt: Retrieving) => Step,
): Step {
  return withPark(record, command.parkId, (park) => {
    if (park.state?.$case === 'retrieving' && park.state.value.retrieveId === command.retrieveId) {
      return then(park, park.state.value);
    }
    if (park.state?.$case !== 'retrieving' && !isWaiting(park)) return refuseState(park, 'confirmed or given back');
    return refuse(Reason.RETRIEVE_EXPIRED, 'The attempt to retrieve is over: given back, or taken by somebody else.');
  });
}
