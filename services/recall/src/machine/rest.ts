import { dueMs, expiryMs, startMs } from './due.js';
import { go, lookAgain, stay } from './go.js';
import { isLegOf } from './leg-id.js';
import { decodeNote, encodeNote, type Note, withDialled } from './note.js';
import { emptyPlan } from './plan.js';
import { expiryExit } from './policy.js';
import { leave } from './leave.js';
import { takeUp } from './ring.js';
import { progressOf } from './schedule.js';
import type { Again, LegFact, Phase, Recall, RecallEvent, Step } from './types.js';

/** What the record as it stands calls for: an attempt that is due, one that rings already, a claim that was left behind. */
export function settle(recall: Recall, nowMs: number): Step {
  const { park, phase } = recall;
  if (phase.name === 'rest' && nowMs < phase.notBeforeMs) return stay(recall);
  switch (park.state.kind) {
    case 'parked': {
      if (startMs(park) > nowMs) return rest(recall);
      return prepare(recall, expiryMs(park) <= nowMs, undefined);
    }
    case 'ringback': {
      const { legs, untilMs } = park.state;
      const nothing: Note = { beganMs: untilMs, groupId: '', order: 0, legs: new Map() };
      return prepare(recall, false, decodeNote(legs) ?? nothing);
    }
    case 'retrieving': {
      const { byCallId: legId, retrieveId } = park.state;
      // Somebody picked the call up; or a recall was answered, and its process died before it was through.
      if (!park.clusterMedia || !isLegOf(park.parkId, legId)) return rest(recall);
      return go(recall, { name: 'recover', legId, retrieveId }, { do: 'find', legId });
    }
    case 'other':
      return rest(recall);
  }
}

/** Waits for the record or its deadline. */
export function rest(recall: Recall): Step {
  if (recall.phase.name === 'rest' && recall.phase.notBeforeMs === 0) return stay(recall);
  return go(recall, { name: 'rest', notBeforeMs: 0 });
}

function prepare(recall: Recall, expired: boolean, resume: Note | undefined): Step {
  const attempt = resume === undefined ? recall.park.attempt + 1 : recall.park.attempt;
  return go(recall, { name: 'prepare', expired, resume }, { do: 'prepare', attempt, resume });
}

/** Policy and contacts are known: the attempt is put to the owner, with its first legs noted already. */
export function prepared(
  recall: Recall,
  phase: Extract<Phase, { name: 'prepare' }>,
  event: Extract<RecallEvent, { is: 'prepared' }>,
  nowMs: number,
): Step {
  const { policy, plan } = event;
  if (phase.resume !== undefined) return takeUp(recall, phase.resume, event, nowMs);
  if (phase.expired) return leave(recall, policy, 'expired', expiryExit(policy), 'max-park', false);
  // Where nobody is rung the call leaves, or fails to come back: not before its time either.
  const beganMs = Math.max(nowMs, dueMs(recall.park));
  if (plan.nobody !== undefined && nowMs < beganMs) return go(recall, { name: 'rest', notBeforeMs: beganMs });
  if (plan.nobody !== undefined) {
    const branch: Phase = { name: 'branch', policy, reason: plan.nobody, begun: false };
    return go(recall, branch, { do: 'find-branch', reason: plan.nobody });
  }
  const began: Note = { beganMs, groupId: plan.groupId, order: plan.order, legs: new Map() };
  const { dial } = progressOf(plan.root, began.legs, beganMs, beganMs);
  const note = dial.reduce((each, leg) => withDialled(each, leg.legId, beganMs), began);
  return go(
    recall,
    { name: 'begin', policy, plan, note, ring: dial, thenFail: undefined },
    { do: 'begin', attempt: recall.park.attempt + 1, ringMs: beganMs + plan.ringMs - nowMs, legs: encodeNote(note) },
  );
}

/** Begins an attempt that nobody is rung for, so that it can fail: its event says why, and the deadline is set anew. */
export function beginToFail(
  recall: Recall,
  policy: Parameters<typeof expiryExit>[0],
  again: Again,
  nowMs: number,
): Step {
  const note: Note = { beganMs: nowMs, groupId: '', order: 0, legs: new Map() };
  const plan = emptyPlan('', LOOK_AT_ONCE_MS, undefined);
  return go(
    recall,
    { name: 'begin', policy, plan, note, ring: [], thenFail: again },
    { do: 'begin', attempt: recall.park.attempt + 1, ringMs: plan.ringMs, legs: encodeNote(note) },
  );
}

/** How long an attempt lasts that nobody is rung for, if its process dies before it has failed. */
const LOOK_AT_ONCE_MS = 1_000;

/** How a claim stands that was left behind, at the switch. */
export function recovered(
  recall: Recall,
  { legId, retrieveId }: Extract<Phase, { name: 'recover' }>,
  fact: LegFact,
  nowMs: number,
): Step {
  switch (fact) {
    case 'connected':
    case 'answered':
      // Connecting what is connected does nothing.
      return go(recall, { name: 'connect', retryMs: 0, legId, retrieveId }, { do: 'connect', legId });
    case 'ringing':
    case 'missing':
      return lookAgain(
        recall,
        nowMs,
        { do: 'cancel', legId, cause: 'failed' },
        { do: 'give-back', retrieveId, cause: 'recall lost' },
        { do: 'hold' },
      );
    case 'unknown':
      return lookAgain(recall, nowMs);
    case 'foreign':
      return rest(recall);
  }
}
