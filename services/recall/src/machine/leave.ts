import type { RecallPolicy } from '@parkade/settings';
import { go, lookAgain, stay } from './go.js';
import { afterFailure, again } from './policy.js';
import { beginToFail } from './rest.js';
import type { Again, AgainHow, Branch, Effect, EndOutcome, Exit, Phase, Recall, RecallEvent, Step } from './types.js';

type RealExit = Exclude<Exit, { to: 'wait' }>;

/** An attempt that rang has failed: the call flow is asked whether it has a child for that. */
export function failed(recall: Recall, policy: RecallPolicy, reason: string): Step {
  return go(recall, { name: 'branch', policy, reason, begun: true }, { do: 'find-branch', reason });
}

/** What follows a failure, now that the call flow has said whether it has a child. */
export function branched(
  recall: Recall,
  { policy, reason, begun }: Extract<Phase, { name: 'branch' }>,
  branch: Branch | undefined,
  nowMs: number,
): Step {
  const attempt = begun ? recall.park.attempt : recall.park.attempt + 1;
  const next = afterFailure(policy, recall.park, attempt, reason, branch);
  if (next.kind === 'leave') return leave(recall, policy, 'branched', next.exit, next.reason, begun);
  return fail(recall, policy, next, begun, nowMs);
}

/**
 * Lets the call leave. A disconnected call is hung up only once the owner has freed the slot: a pickup of the same moment wins
 * (R2). Any other exit is taken first, and then told: should this process die in between, the call waits in its slot and not
 * nowhere; the next one finds it gone and says so.
 */
export function leave(
  recall: Recall,
  policy: RecallPolicy,
  outcome: 'branched' | 'expired',
  exit: RealExit,
  reason: string,
  begun: boolean,
): Step {
  if (exit.to === 'disconnect' || !recall.park.clusterMedia)
    return end(recall, outcome, reason, exit.to === 'disconnect');
  return go(recall, { name: 'leave', policy, outcome, reason, begun }, { do: 'transfer', exit });
}

/** The media have transferred the call, or could not. */
export function transferred(
  recall: Recall,
  phase: Extract<Phase, { name: 'leave' }>,
  result: Extract<RecallEvent, { is: 'transferred' }>['result'],
  nowMs: number,
): Step {
  const { policy, outcome, reason, begun } = phase;
  switch (result) {
    case 'done':
    case 'not-held':
      return end(recall, outcome, reason, false);
    case 'gone':
      return lookAgain(recall, nowMs, { do: 'abandon' });
    case 'unknown':
      // It may have left: asked again it leaves once.
      return lookAgain(recall, nowMs);
    case 'failed': {
      if (outcome === 'expired') return end(recall, outcome, reason, true);
      return fail(recall, policy, again(policy, recall.park, 'transfer-failed'), begun, nowMs);
    }
  }
}

/** The attempt began with nobody to ring: it fails. */
export function failNow(recall: Recall, { how, reason, inMs }: Again): Step {
  return end(recall, 'failed', reason, false, inMs, how);
}

/** The owner has ended it. */
export function ended(recall: Recall, phase: Extract<Phase, { name: 'end' }>): Step {
  const { clusterMedia } = recall.park;
  const effects: Effect[] = [];
  if (clusterMedia && phase.hangUp) effects.push({ do: 'hang-up' });
  if (clusterMedia && phase.outcome === 'failed') effects.push({ do: 'hold' });
  return stay({ ...recall, phase: { ...phase, done: true } }, ...effects);
}

/** The owner has not ended it. A leg that has the call takes it out of the slot in whatever state that is (the switch decides). */
export function notEnded(
  recall: Recall,
  { outcome, legId }: Extract<Phase, { name: 'end' }>,
  known: boolean,
  nowMs: number,
): Step {
  const take = known && outcome === 'answered' && legId !== undefined;
  return take ? lookAgain(recall, nowMs, { do: 'take', legId }) : lookAgain(recall, nowMs);
}

function fail(recall: Recall, policy: RecallPolicy, next: Again, begun: boolean, nowMs: number): Step {
  return begun ? failNow(recall, next) : beginToFail(recall, policy, next, nowMs);
}

function end(
  recall: Recall,
  outcome: EndOutcome,
  reason: string,
  hangUp: boolean,
  nextRecallMs = 0,
  next?: AgainHow,
): Step {
  return go(
    recall,
    { name: 'end', outcome, legId: undefined, hangUp, done: false },
    { do: 'end', attempt: recall.park.attempt, outcome, reason, answeredBy: undefined, nextRecallMs, next },
  );
}
