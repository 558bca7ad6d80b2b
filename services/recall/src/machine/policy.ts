import type { RecallPolicy } from '@parkade/settings';
import type { Again, Branch, Exit, ParkView } from './types.js';

/** Whom an attempt rings, and for how long at most, in ms. */
export type Stage =
  | { readonly kind: 'parker'; readonly ringMs: number }
  | { readonly kind: 'group'; readonly groupId: string; readonly ringMs: number };

/** Whom the attempt of this number rings. A call that went to a ring group does not come back to its parker. */
export function stageOf(policy: RecallPolicy, park: ParkView, attempt: number): Stage {
  const { recallTo, ringGroupId, ringGroupTimeMs } = policy;
  const parker: Stage = { kind: 'parker', ringMs: park.callbackTimeoutMs };
  switch (recallTo) {
    case 'USER_ONLY':
      return parker;
    case 'USER_FIRST_THEN_RING_GROUP':
      if (attempt === 1) return { kind: 'parker', ringMs: ringGroupTimeMs };
      break;
    case 'RING_GROUP_ONLY':
      break;
  }
  return ringGroupId === undefined ? parker : { kind: 'group', groupId: ringGroupId, ringMs: ringGroupTimeMs };
}

/** What follows a failed attempt. */
export type Next =
  | { readonly kind: 'leave'; readonly exit: Exclude<Exit, { to: 'wait' }>; readonly reason: string }
  | ({ readonly kind: 'again' } & Again);

/** Reasons for which ringing again is no use: the fallback comes at once (R13, R16). */
const HOPELESS: ReadonlySet<string> = new Set(['no-parker', 'unregistered', 'no-group']);

/**
 * What follows the failed attempt, the first that applies:
 *
 *   1. from the parker to the ring group, at once;
 *   2. the call flow's child, by the slot's key or `_`;
 *   3. the fallback, when nobody can be rung or the attempts are over;
 *   4. another attempt after the interval, else after the time the call was parked for; none when the attempts are over.
 */
export function afterFailure(
  policy: RecallPolicy,
  park: ParkView,
  attempt: number,
  reason: string,
  branch: Branch | undefined,
): Next {
  if (policy.recallTo === 'USER_FIRST_THEN_RING_GROUP' && attempt === 1) {
    return { kind: 'again', how: 'escalate', reason, inMs: 1 };
  }
  if (branch !== undefined) return { kind: 'leave', exit: branch.exit, reason: `child ${branch.child}` };
  const over = policy.attempts !== 0 && attempt >= policy.attempts;
  const { fallback } = policy;
  if (fallback.to !== 'wait' && (over || HOPELESS.has(reason))) {
    return { kind: 'leave', exit: fallback, reason: exitReason(fallback, reason) };
  }
  return { kind: 'again', ...(over ? { how: 're-park', reason, inMs: 0 } : again(policy, park, reason)) };
}

/** The next attempt of a call that waits: after the retry interval, or where there is none, parked anew. */
export function again(policy: RecallPolicy, park: ParkView, reason: string): Again {
  return { how: policy.retryIntervalMs === 0 ? 're-park' : 'retry', reason, inMs: retryMs(policy, park) };
}

/** From a failed recall to the next, in ms; 0: never. */
export function retryMs(policy: RecallPolicy, park: ParkView): number {
  return policy.retryIntervalMs === 0 ? park.ringbackTimeoutMs : policy.retryIntervalMs;
}

/** Where a call goes whose longest stay is over: the fallback; with none, it is disconnected. */
export function expiryExit(policy: RecallPolicy): Exclude<Exit, { to: 'wait' }> {
  return policy.fallback.to === 'wait' ? { to: 'disconnect' } : policy.fallback;
}

/** What the event of leaving says: where to, and why. */
function exitReason(exit: Exit, why: string): string {
  return `${exit.to} ${why}`;
}
