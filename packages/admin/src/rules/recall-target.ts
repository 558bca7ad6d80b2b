import type { Refused } from '@parkade/rpc';
import type { RecallTo, TenantView } from '@parkade/settings';
import { invalidField } from '../refusals.js';

/** Whom a call rings that comes back. */
export interface RecallTarget {
  readonly recall_to?: RecallTo | undefined;
  readonly ring_group_id?: string | undefined;
}

/**
 * `current` with what `patch` names. A mode without a ring group takes its ring group away, as nothing else could: there is no
 * other way to say so.
 */
export function patchedTarget(current: RecallTarget, patch: RecallTarget): RecallTarget {
  const recallTo = patch.recall_to ?? current.recall_to;
  const kept = patch.recall_to === 'USER_ONLY' ? undefined : current.ring_group_id;
  return { recall_to: recallTo, ring_group_id: patch.ring_group_id ?? kept };
}

/** Why a target cannot be; undefined: it can. */
export function targetFault(target: RecallTarget, tenant: TenantView): Refused | undefined {
  const { recall_to: recallTo, ring_group_id: groupId } = target;
  const groupMode = recallTo !== undefined && recallTo !== 'USER_ONLY';
  if (groupMode && groupId === undefined) return invalidField('ring_group_id', `is required with ${recallTo}`);
  if (groupId === undefined) return undefined;
  if (!groupMode) {
    return invalidField('ring_group_id', 'is only valid with USER_FIRST_THEN_RING_GROUP or RING_GROUP_ONLY');
  }
  return tenant.ringGroup(groupId) === undefined
    ? invalidField('ring_group_id', `the tenant has no ring group ${groupId}`)
    : undefined;
}
