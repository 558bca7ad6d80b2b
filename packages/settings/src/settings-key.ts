import { decodeToken, keys } from '@parkade/ids';
import type { KeyRange } from '@parkade/store';

/** What a settings key is about. */
export type SettingsKey =
  | { readonly kind: 'system' }
  | { readonly kind: 'tenant'; readonly tenantId: string }
  | { readonly kind: 'quotas'; readonly tenantId: string }
  | { readonly kind: 'lot'; readonly tenantId: string; readonly lotId: string }
  | { readonly kind: 'group'; readonly tenantId: string; readonly groupId: string }
  | { readonly kind: 'ring-group'; readonly tenantId: string; readonly groupId: string };

/**
 * One range that holds all settings: `/parkade/system` and `/parkade/tenants/…` are neighbours among the product's keys, so
 * that one list is one snapshot and one watch keeps the order of all changes.
 */
export const SETTINGS_RANGE: KeyRange = { start: keys.system, end: '/parkade/tenants0' };

/** What `key` is about; undefined when it is none of ours. */
export function parseSettingsKey(key: string): SettingsKey | undefined {
  if (key === keys.system) return { kind: 'system' };
  if (!key.startsWith(keys.tenants)) return undefined;
  const [tenant, kind, token, ...rest] = key.slice(keys.tenants.length).split('/');
  const tenantId = decodeToken(tenant ?? '');
  if (tenantId === undefined || tenantId === '' || rest.length > 0) return undefined;
  if (kind === 'settings') return token === undefined ? { kind: 'tenant', tenantId } : undefined;
  if (kind === 'quotas') return token === undefined ? { kind: 'quotas', tenantId } : undefined;
  const name = decodeToken(token ?? '');
  if (name === undefined || name === '') return undefined;
  if (kind === 'lots') return { kind: 'lot', tenantId, lotId: name };
  if (kind === 'groups') return { kind: 'group', tenantId, groupId: name };
  if (kind === 'ring-groups') return { kind: 'ring-group', tenantId, groupId: name };
  return undefined;
}
