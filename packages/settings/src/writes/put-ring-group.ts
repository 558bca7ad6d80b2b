import { keys } from '@parkade/ids';
import type { Store } from '@parkade/store';
import { nestingIssues } from '../ring-group-nesting.js';
import { parseRingGroup, type RingGroupSettingsInput } from '../ring-group-settings.js';
import { guardedPut, invalid, nameIssues, type WriteOptions, type WriteResult } from './guarded-write.js';
import { storedRingGroups } from './stored-groups.js';

/**
 * Writes a ring group; makes the tenant where it does not exist. Groups in it must be stored already, and none may lead back
 * to it. Two that are written at the same instant could each name the other; whoever rings them stops at the circle.
 */
export async function putRingGroup(
  store: Store,
  tenantId: string,
  groupId: string,
  group: RingGroupSettingsInput,
  options: WriteOptions = {},
): Promise<WriteResult> {
  const issues = nameIssues({ tenant_id: tenantId, ring_group_id: groupId });
  if (issues.length > 0) return invalid(issues);
  const checked = parseRingGroup(groupId, group);
  if (!checked.ok) return invalid(checked.issues);
  const others = checked.value.members.some((member) => member.ring_group_id !== undefined)
    ? await storedRingGroups(store, tenantId)
    : new Map<string, never>();
  const nesting = nestingIssues(checked.value, (id) => others.get(id));
  if (nesting.length > 0) return invalid(nesting);
  return guardedPut(store, keys.ringGroup(tenantId, groupId), { ...group, ring_group_id: groupId }, options);
}
