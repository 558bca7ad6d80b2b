import { go, lookAgain } from './go.js';
import { retryMs } from './policy.js';
import { cancelAll } from './ring.js';
import type { Phase, Recall, Ringing, Step } from './types.js';

/** Before a call that could not be connected rings again, in ms. */
const MIN_RETRY_MS = 1_000;

/**
 * A leg was answered: the call is his only when the owner says so (R2). The others are cancelled first: once the claim stands
 * the record does not name them any more, and a process that comes later could not find them.
 */
export function claim(recall: Recall, { policy, note }: Ringing, legId: string): Step {
  return go(recall, { name: 'claim', policy, note, legId }, ...cancelAll(note, 'answered-elsewhere', legId), {
    do: 'claim',
    legId,
  });
}

/** The call is his: nobody else can take it, and the media connect the two. */
export function claimed(recall: Recall, phase: Extract<Phase, { name: 'claim' }>, retrieveId: string): Step {
  const { policy, legId } = phase;
  const againMs = Math.max(MIN_RETRY_MS, retryMs(policy, recall.park));
  return go(recall, { name: 'connect', retryMs: againMs, legId, retrieveId }, { do: 'connect', legId });
}

/** It is not: somebody picked the call up, or the caller is gone. */
export function notClaimed(recall: Recall, { note }: Extract<Phase, { name: 'claim' }>, nowMs: number): Step {
  return lookAgain(recall, nowMs, ...cancelAll(note, 'picked-up'));
}

export function connected(recall: Recall, { legId }: Extract<Phase, { name: 'connect' }>): Step {
  return go(
    recall,
    { name: 'end', outcome: 'answered', legId, hangUp: false, done: false },
    {
      do: 'end',
      attempt: recall.park.attempt,
      outcome: 'answered',
      reason: '',
      answeredBy: legId,
      nextRecallMs: 0,
      next: undefined,
    },
  );
}

/**
 * They could not be connected: the call waits in its slot again, with hold audio (R3). The owner has it due at once; it is not
 * rung before the usual interval, so that a switch which cannot connect does not make phones ring without end.
 */
export function notConnected(
  recall: Recall,
  { legId, retrieveId, retryMs: againMs }: Extract<Phase, { name: 'connect' }>,
  callerGone: boolean,
  nowMs: number,
): Step {
  const cancel = { do: 'cancel', legId, cause: 'failed' } as const;
  if (callerGone) return lookAgain(recall, nowMs, cancel, { do: 'abandon' });
  return go(
    recall,
    { name: 'rest', notBeforeMs: nowMs + Math.max(MIN_RETRY_MS, againMs) },
    cancel,
    { do: 'give-back', retrieveId, cause: 'not connected' },
    { do: 'hold' },
  );
}
