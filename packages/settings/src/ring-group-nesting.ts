import { formatPath, type Issue } from './issues.js';
import { MAX_RING_GROUP_DEPTH, type RingGroupSettings } from './ring-group-settings.js';

/**
 * What is wrong with how `group` contains others: a group that is not there, a circle, or too deep a nesting. `find` knows the
 * tenant's other groups; paths are put under `at`.
 */
export function nestingIssues(
  group: RingGroupSettings,
  find: (groupId: string) => RingGroupSettings | undefined,
  at: readonly PropertyKey[] = [],
): readonly Issue[] {
  const issues: Issue[] = [];
  for (const [i, { ring_group_id: inner }] of group.members.entries()) {
    if (inner === undefined) continue;
    const message = fault(inner, [group.ring_group_id], find);
    if (message !== undefined) issues.push({ path: formatPath([...at, 'members', i, 'ring_group_id']), message });
  }
  return issues;
}

function fault(
  groupId: string,
  above: readonly string[],
  find: (groupId: string) => RingGroupSettings | undefined,
): string | undefined {
  if (above.includes(groupId)) return `leads in a circle: ${[...above, groupId].join(', ')}`;
  if (above.length >= MAX_RING_GROUP_DEPTH) return `groups stand in each other more than ${MAX_RING_GROUP_DEPTH} deep`;
  const group = find(groupId);
  if (group === undefined) return `the tenant has no ring group ${groupId}`;
  for (const { ring_group_id: inner } of group.members) {
    const message = inner === undefined ? undefined : fault(inner, [...above, groupId], find);
    if (message !== undefined) return message;
  }
  return undefined;
}
