import { decodeToken, keys } from '@parkade/ids';
import { prefixRange, type Store } from '@parkade/store';
import { decodeJson } from '../json-value.js';

/** What of a tenant a settings document holds, and under which key of the store it stands. */
const MEMBERS = { lots: 'lots', groups: 'groups', ring_groups: 'ring-groups', flows: 'flows' } as const;

/**
 * All settings of a tenant as a document that `applySettings` takes: what is written there is what was read here, so a tenant can be taken
 * to another cluster. Read at one revision. Undefined where there is no such tenant. Throws where something stored is no JSON.
 */
export async function readTenantDocument(store: Store, tenantId: string): Promise<object | undefined> {
  const prefix = keys.tenant(tenantId);
  const { kvs } = await store.range(prefixRange(prefix));
  const tenant: Record<string, unknown> = {};
  for (const [member, at] of Object.entries(MEMBERS)) {
    const entries = kvs.flatMap(({ key, value }): (readonly [string, unknown])[] => {
      const [kind, name, ...rest] = key.slice(prefix.length).split('/');
      if (kind !== at || rest.length > 0) return [];
      return [[decodeToken(name ?? '') ?? '', jsonOf(key, value)]];
    });
    if (entries.length > 0) tenant[member] = Object.fromEntries(entries);
  }
  const quotas = kvs.find(({ key }) => key === keys.tenantQuotas(tenantId));
  if (quotas !== undefined) tenant['quotas'] = jsonOf(quotas.key, quotas.value);
  const own = kvs.find(({ key }) => key === keys.tenantSettings(tenantId));
  if (own === undefined && Object.keys(tenant).length === 0) return undefined;
  const settings = own === undefined ? {} : { settings: jsonOf(own.key, own.value) };
  return { tenants: { [tenantId]: { ...settings, ...tenant } } };
}

function jsonOf(key: string, value: Uint8Array): unknown {
  const json = decodeJson(value);
  if (!json.ok) throw new Error(`${key} holds no JSON`);
  return json.value;
}
