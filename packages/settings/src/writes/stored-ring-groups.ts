import { decodeToken, keys } from '@parkade/ids';
import { prefixRange, type Store } from '@parkade/store';
import { decodeJson } from '../json-value.js';
import { parseRingGroup, type RingGroupSettings } from '../ring-group-settings.js';

/** The ring groups of a tenant as they are stored; what cannot be read is left out. */
export async function storedRingGroups(store: Store, tenantId: string): Promise<Map<string, RingGroupSettings>> {
  const prefix = keys.ringGroups(tenantId);
  const { kvs } = await store.range(prefixRange(prefix));
  const groups = new Map<string, RingGroupSettings>();
  for (const { key, value } of kvs) {
    const groupId = decodeToken(key.slice(prefix.length));
    const json = decodeJson(value);
    const group = json.ok && groupId !== undefined ? parseRingGroup(groupId, json.value) : undefined;
    if (group?.ok === true) groups.set(group.value.ring_group_id, group.value);
  }
  return groups;
}
