import type { Policy } from '@parkade/proto';

// What the call or its flow said for itself: `Policy.given`, bit n - 1 for field n of the message.

/** The bit of each value that a call or flow may give. */
export const GIVEN = {
  ringbackTimeoutMs: 1 << 0,
  callbackTimeoutMs: 1 << 1,
  presenceType: 1 << 2,
  presenceId: 1 << 3,
  maxParkMs: 1 << 4,
} as const;

const LAMP = GIVEN.presenceType | GIVEN.presenceId;

/** A park's policy in another slot: the lamp is that slot's, of `there`; nothing of a lamp was given by the call. */
export function withLampOf(policy: Policy, { presenceType, presenceId }: Policy): Policy {
  const given = (policy.given ?? 0) & ~LAMP;
  return { ...policy, presenceType, presenceId, given: given === 0 ? undefined : given };
}

/** `policy` as the settings say now: `fresh`, but for what the call or its flow gave, which stays. */
export function renewed(policy: Policy | undefined, fresh: Policy): Policy {
  const given = policy?.given ?? 0;
  if (policy === undefined || given === 0) return fresh;
  const kept = (bit: number): Policy => ((given & bit) === 0 ? fresh : policy);
  return {
    ...fresh,
    ringbackTimeoutMs: kept(GIVEN.ringbackTimeoutMs).ringbackTimeoutMs,
    callbackTimeoutMs: kept(GIVEN.callbackTimeoutMs).callbackTimeoutMs,
    presenceType: kept(GIVEN.presenceType).presenceType,
    presenceId: kept(GIVEN.presenceId).presenceId,
    maxParkMs: kept(GIVEN.maxParkMs).maxParkMs,
    given,
  };
}
