import { type ParkRecord, type Policy, type SlotRecord, TransitionKind } from '@parkade/proto';
import { changed } from './apply.js';
import { withPark } from './named-park.js';
import { refuseState } from './refusal.js';
import type { SlotCommand, Step, StepContext } from './types.js';

/** What the event of a renewal says, beside an `extended` that somebody asked for with a time. */
const RENEWED = 'policy-renewed';

/**
 * A park takes the settings as they are now (R12): its times, whom it rings, its lamp. Only one that waits unrung has a deadline to
 * set; a recall or a retrieve under way goes on by what it began with.
 */
export function renew(record: SlotRecord, command: Extract<SlotCommand, { kind: 'renew' }>, ctx: StepContext): Step {
  return withPark(record, command.parkId, (park) => {
    if (park.state?.$case !== 'parked') return refuseState(park, 'renewed');
    const { requestId, policy } = command;
    const recallAtMs = deadline(park, park.state.value.recallAtMs, policy, ctx.nowMs);
    const facts = { kind: TransitionKind.EXTENDED, requestId, reason: RENEWED, presenceId: park.policy?.presenceId };
    return changed(record, ctx, { ...park, policy, state: { $case: 'parked', value: { recallAtMs } } }, facts);
  });
}

/**
 * When it comes back: as if it had been parked with this policy, and at once where that is over. A call that was rung back already is
 * past that: it waits the retry interval, and no longer than it would have, or whoever renews often would put it off for ever.
 */
function deadline(park: ParkRecord, recallAtMs: number, policy: Policy, nowMs: number): number {
  const timeout = policy.ringbackTimeoutMs;
  if (timeout === 0) return 0;
  if (park.recallAttempt === 0) return Math.max(park.parkedAtMs + timeout, nowMs + 1);
  const again = nowMs + (policy.recall?.retryIntervalMs || timeout);
  return recallAtMs === 0 ? again : Math.min(recallAtMs, again);
}
