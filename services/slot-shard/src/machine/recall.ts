import {
  type CallRef,
  FailedRecallNext,
  type FlowBranch,
  type ParkRecord,
  Reason,
  RecallOutcome,
  type SlotRecord,
  TransitionKind,
} from '@parkade/proto';
import { changed, departed } from './apply.js';
import { withPark } from './named-park.js';
import { isSameCall } from './parks.js';
import { refuse, refuseState } from './refusal.js';
import type { SlotCommand, Step, StepContext } from './types.js';

/** Bytes the recall service may keep with a ringing park. */
export const MAX_LEGS_BYTES = 2048;

type EndRecall = Extract<SlotCommand, { kind: 'end-recall' }>;

/** Somebody begins to be rung. A recall may be begun twice over (failover); its attempt number lets only one in (R12). */
export function beginRecall(
  record: SlotRecord,
  command: Extract<SlotCommand, { kind: 'begin-recall' }>,
  ctx: StepContext,
): Step {
  return withPark(record, command.parkId, (park) => {
    if (command.attempt !== park.recallAttempt + 1) return refuseAttempt(park, command.attempt);
    if (park.state?.$case !== 'parked') return refuseState(park, 'rung back');
    if (command.legs.byteLength > MAX_LEGS_BYTES) return refuseLegs();
    const value = { untilMs: ctx.nowMs + command.ringMs, legs: Buffer.from(command.legs) };
    const ringing: ParkRecord = { ...park, recallAttempt: command.attempt, state: { $case: 'ringback', value } };
    return changed(record, ctx, ringing, {
      kind: TransitionKind.RECALLED,
      requestId: command.requestId,
      attempt: command.attempt,
    });
  });
}

/** Keeps what the recall service needs to take the attempt up again, and how long it rings. */
export function noteRecall(
  record: SlotRecord,
  command: Extract<SlotCommand, { kind: 'note-recall' }>,
  ctx: StepContext,
): Step {
  return withPark(record, command.parkId, (park) => {
    if (command.attempt !== park.recallAttempt) return refuseAttempt(park, command.attempt);
    if (park.state?.$case !== 'ringback') return refuseState(park, 'noted with a recall');
    if (command.legs.byteLength > MAX_LEGS_BYTES) return refuseLegs();
    const untilMs = command.untilMs === 0 ? park.state.value.untilMs : command.untilMs;
    const value = { untilMs, legs: Buffer.from(command.legs) };
    return changed(
      record,
      ctx,
      { ...park, state: { $case: 'ringback', value } },
      {
        kind: TransitionKind.RINGBACK_NOTED,
        requestId: command.requestId,
        attempt: command.attempt,
      },
    );
  });
}

/**
 * The attempt is over: somebody has the call, or it waits again with the timer restarted (R14), or it left. It may also leave
 * to a fallback, or expire, without ringing: from PARKED, at the attempt counted last, where there is no parker to ring (R13)
 * or the longest stay is over (R12). A retrieve under way wins over all of these (R15): it may itself be the recall's, whose
 * answer took the call first and connects it then (R2, R3); that ends as answered.
 */
export function endRecall(record: SlotRecord, command: EndRecall, ctx: StepContext): Step {
  return withPark(record, command.parkId, (park) => {
    if (command.attempt !== park.recallAttempt) return refuseAttempt(park, command.attempt);
    const ringing = park.state?.$case === 'ringback';
    const facts = { requestId: command.requestId, reason: command.reason, attempt: command.attempt };
    switch (command.outcome) {
      case RecallOutcome.ANSWERED:
        if (!ringing && !isConnecting(park, command.answeredBy)) return refuseState(park, 'answered');
        return departed(record, ctx, park, {
          ...facts,
          kind: TransitionKind.RECALL_ANSWERED,
          retriever: command.answeredBy,
        });
      case RecallOutcome.FAILED:
        return ringing ? waitAgain(record, command, ctx, park) : refuseState(park, 'ended as a failed recall');
      case RecallOutcome.BRANCHED:
        if (!ringing && park.state?.$case !== 'parked') return refuseState(park, 'branched');
        return departed(record, ctx, park, {
          ...facts,
          kind: TransitionKind.BRANCHED,
          branch: branchTaken(park, command.reason),
        });
      case RecallOutcome.EXPIRED:
        if (!ringing && park.state?.$case !== 'parked') return refuseState(park, 'expired');
        return departed(record, ctx, park, { ...facts, kind: TransitionKind.EXPIRED });
      case RecallOutcome.UNSPECIFIED:
      default:
        return refuse(Reason.INVALID_FIELD, 'A recall ends with an outcome.', { field: 'outcome' });
    }
  });
}

/** The child of its call flow that took the call, where it was that and no other fallback. */
function branchTaken({ branch }: ParkRecord, reason: string): FlowBranch | undefined {
  return branch !== undefined && reason === `child ${branch.child}` ? branch : undefined;
}

/** Whether the park is being connected with this very call. */
function isConnecting(park: ParkRecord, by: CallRef | undefined): boolean {
  return park.state?.$case === 'retrieving' && isSameCall(park.state.value.by, by);
}

function waitAgain(record: SlotRecord, command: EndRecall, ctx: StepContext, park: ParkRecord): Step {
  const recallAtMs = command.nextRecallMs === 0 ? 0 : ctx.nowMs + command.nextRecallMs;
  return changed(
    record,
    ctx,
    { ...park, state: { $case: 'parked', value: { recallAtMs } } },
    {
      kind: waitingKind(command.next),
      requestId: command.requestId,
      reason: command.reason,
      attempt: command.attempt,
    },
  );
}

/** What is told of an attempt that failed and left the call in its slot: by what follows. */
function waitingKind(next: FailedRecallNext): TransitionKind {
  switch (next) {
    case FailedRecallNext.ESCALATE:
      return TransitionKind.ESCALATED;
    case FailedRecallNext.RE_PARK:
      return TransitionKind.RE_PARKED;
    case FailedRecallNext.UNSPECIFIED:
    case FailedRecallNext.RETRY:
      return TransitionKind.RECALL_FAILED;
  }
}

function refuseAttempt(park: ParkRecord, attempt: number): Step {
  const message = `Recall attempt ${attempt} is not the one in question: ${park.recallAttempt} were begun.`;
  return refuse(Reason.WRONG_ATTEMPT, message, { attempt: String(park.recallAttempt) });
}

function refuseLegs(): Step {
  const message = `What is kept with a recall is at most ${MAX_LEGS_BYTES} bytes.`;
  return refuse(Reason.TOO_LARGE, message, { field: 'legs' });
}
