import { HOLDING_LOT } from '@parkade/ids';
import { type RecallFallback, RecallTo as StoredRecallTo, type RecallTerms } from '@parkade/proto';
import type { RecallExit, RecallTo } from './recall-settings.js';
import { DEFAULT_CALLER_ID, DEFAULT_GROUP_TIME_MS, type RecallPolicy } from './resolve-recall.js';

// A park keeps whom it rings as it keeps its times: what is changed afterwards is for later parks. What is the default takes
// no bytes.

const STORED: Readonly<Record<RecallTo, StoredRecallTo>> = {
  USER_ONLY: StoredRecallTo.UNSPECIFIED,
  USER_FIRST_THEN_RING_GROUP: StoredRecallTo.USER_FIRST_THEN_RING_GROUP,
  RING_GROUP_ONLY: StoredRecallTo.RING_GROUP_ONLY,
};

/** A recall policy as a park's record keeps it. */
export function recallTerms(policy: RecallPolicy): RecallTerms {
  const groupTimeMs = policy.ringGroupTimeMs === DEFAULT_GROUP_TIME_MS ? 0 : policy.ringGroupTimeMs;
  return {
    recallTo: STORED[policy.recallTo],
    ringGroupId: policy.ringGroupId ?? '',
    ringGroupTimeMs: groupTimeMs,
    retryIntervalMs: policy.retryIntervalMs,
    attempts: policy.attempts,
    fallback: storedFallback(policy.fallback),
    callerId: policy.callerId === DEFAULT_CALLER_ID ? undefined : policy.callerId,
    alertInfo: policy.alertInfo,
    followForwarding: policy.followForwarding,
  };
}

/** The recall policy of a park in `lotId`, from what its record keeps: the inverse of `recallTerms`. */
export function recallPolicyOf(terms: RecallTerms, lotId: string): RecallPolicy {
  return {
    recallTo: recallTo(terms.recallTo),
    ringGroupId: terms.ringGroupId === '' ? undefined : terms.ringGroupId,
    ringGroupTimeMs: terms.ringGroupTimeMs === 0 ? DEFAULT_GROUP_TIME_MS : terms.ringGroupTimeMs,
    retryIntervalMs: terms.retryIntervalMs,
    attempts: terms.attempts,
    fallback: fallbackOf(terms.fallback),
    callerId: terms.callerId ?? DEFAULT_CALLER_ID,
    alertInfo: terms.alertInfo,
    followForwarding: terms.followForwarding,
    ringAtOnce: lotId === HOLDING_LOT,
  };
}

function recallTo(stored: StoredRecallTo): RecallTo {
  if (stored === StoredRecallTo.USER_FIRST_THEN_RING_GROUP) return 'USER_FIRST_THEN_RING_GROUP';
  return stored === StoredRecallTo.RING_GROUP_ONLY ? 'RING_GROUP_ONLY' : 'USER_ONLY';
}

function storedFallback(exit: RecallExit): RecallFallback | undefined {
  switch (exit.to) {
    case 'wait':
      return undefined;
    case 'destination':
      return { to: { $case: 'destination', value: exit.destination } };
    case 'voicemail':
      return { to: { $case: 'voicemail', value: exit.mailbox ?? '' } };
    case 'ring_group':
      return { to: { $case: 'ringGroup', value: exit.ring_group_id } };
    case 'disconnect':
      return { to: { $case: 'disconnect', value: true } };
  }
}

function fallbackOf(stored: RecallFallback | undefined): RecallExit {
  switch (stored?.to?.$case) {
    case 'destination':
      return { to: 'destination', destination: stored.to.value };
    case 'voicemail':
      return stored.to.value === '' ? { to: 'voicemail' } : { to: 'voicemail', mailbox: stored.to.value };
    case 'ringGroup':
      return { to: 'ring_group', ring_group_id: stored.to.value };
    case 'disconnect':
      return { to: 'disconnect' };
    case undefined:
      return { to: 'wait' };
  }
}
