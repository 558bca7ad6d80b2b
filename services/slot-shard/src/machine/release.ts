import { type ParkRecord, Reason, type SlotRecord, TransitionKind } from '@parkade/proto';
import { changed, departed } from './apply.js';
import { withPark } from './named-park.js';
import { isWaiting } from './parks.js';
import { refuse, refuseRetrieving, refuseState } from './refusal.js';
import type { ReleaseCause, SlotCommand, Step, StepContext } from './types.js';

type Release = Extract<SlotCommand, { kind: 'release' }>;

/**
 * A park ends without a retriever. A reservation whose consulting call ended by the transfer itself is kept for the grace
 * period: the caller arrives after that call is gone. A call that hangs up, and an operator, end a park in every state, also
 * while a retriever is being connected: whoever confirms then hears that it ended (R2), and nothing can stay stuck. A caller
 * who leaves by his own wish (R22) takes part in the race for his call: a retriever who is being connected was first.
 */
export function release(record: SlotRecord, command: Release, ctx: StepContext): Step {
  return withPark(record, command.parkId, (park) => {
    if (command.callId !== undefined && command.callId !== park.call?.callId) {
      return refuse(Reason.WRONG_CALL, 'The call named is not the one that is parked there.', { park_id: park.parkId });
    }
    if (command.cause === 'transfer') return beginGrace(record, command, ctx, park);
    if (command.cause === 'escaped') return escape(record, command, ctx, park);
    return departed(record, ctx, park, {
      kind: endKind(park, command.cause),
      requestId: command.requestId,
      reason: command.cause,
      retriever: park.state?.$case === 'retrieving' ? park.state.value.by : undefined,
    });
  });
}

function beginGrace(record: SlotRecord, command: Release, ctx: StepContext, park: ParkRecord): Step {
  // Once only: a second notice of the same hang-up must not prolong it.
  if (park.state?.$case !== 'reserved' || park.state.value.untilMs !== 0) {
    return refuseState(park, 'kept for a transfer');
  }
  const untilMs = ctx.nowMs + ctx.transferGraceMs;
  return changed(
    record,
    ctx,
    { ...park, state: { $case: 'reserved', value: { untilMs } } },
    {
      kind: TransitionKind.RESERVATION_GRACE,
      requestId: command.requestId,
      reason: command.cause,
    },
  );
}

function escape(record: SlotRecord, command: Release, ctx: StepContext, park: ParkRecord): Step {
  if (park.state?.$case === 'retrieving') return refuseRetrieving(ctx);
  if (!isWaiting(park)) return refuseState(park, 'left by the caller');
  return departed(record, ctx, park, {
    kind: TransitionKind.ESCAPED,
    requestId: command.requestId,
    reason: command.destination,
  });
}

function endKind(park: ParkRecord, cause: Exclude<ReleaseCause, 'transfer' | 'escaped'>): TransitionKind {
  if (park.state?.$case === 'reserved') return TransitionKind.RESERVATION_ENDED;
  return cause === 'abandoned' ? TransitionKind.ABANDONED : TransitionKind.RELEASED;
}
