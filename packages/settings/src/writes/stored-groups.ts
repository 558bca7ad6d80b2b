import { decodeToken, keys } from '@parkade/ids';
import { prefixRange, type Store } from '@parkade/store';
import { type GroupSettings, parseGroup } from '../group-settings.js';
import type { Checked } from '../issues.js';
import { decodeJson } from '../json-value.js';
import { type LotSettings, parseLot } from '../lot-settings.js';
import { parseRingGroup, type RingGroupSettings } from '../ring-group-settings.js';

/** The groups of a tenant as they are stored, by id; what cannot be read is left out. */
export function storedGroups(store: Store, tenantId: string): Promise<Map<string, GroupSettings>> {
  return stored(store, keys.groups(tenantId), parseGroup);
}

/** The lots of a tenant as they are stored, by id; what cannot be read is left out. */
export function storedLots(store: Store, tenantId: string): Promise<Map<string, LotSettings>> {
  return stored(store, keys.lots(tenantId), parseLot);
}

/** The ring groups of a tenant as they are stored, by id; what cannot be read is left out. */
export function storedRingGroups(store: Store, tenantId: string): Promise<Map<string, RingGroupSettings>> {
  return stored(store, keys.ringGroups(tenantId), parseRingGroup);
}

async function stored<Settings>(
  store: Store,
  prefix: string,
  parse: (id: string, json: unknown) => Checked<Settings>,
): Promise<Map<string, Settings>> {
  const { kvs } = await store.range(prefixRange(prefix));
  const found = new Map<string, Settings>();
  for (const { key, value } of kvs) {
    const id = decodeToken(key.slice(prefix.length));
    const json = decodeJson(value);
    const settings = json.ok && id !== undefined ? parse(id, json.value) : undefined;
    if (id !== undefined && settings?.ok === true) found.set(id, settings.value);
  }
  return found;
}
