import { encodeToken, keys } from '@parkade/ids';
import { prefixRange, type Store } from '@parkade/store';
import { type GroupSettingsInput, parseGroup } from '../group-settings.js';
import type { Checked } from '../issues.js';
import { type LotSettingsInput, parseLot } from '../lot-settings.js';
import { parseQuotas, type QuotaSettings } from '../quota-settings.js';
import { parseSystem, type SystemSettingsInput } from '../system-settings.js';
import { parseTenant, type TenantSettingsInput } from '../tenant-settings.js';
import {
  guardedDelete,
  guardedPut,
  invalid,
  nameIssues,
  type WriteOptions,
  type WriteResult,
} from './guarded-write.js';

// What is stored is what was written, not what it was read as: values left out keep following the defaults.

/** Writes the system's settings. */
export function putSystem(store: Store, system: SystemSettingsInput, options: WriteOptions = {}): Promise<WriteResult> {
  return put(store, {}, parseSystem(system), keys.system, system, options);
}

/** Writes a tenant's own settings; makes the tenant where it does not exist. */
export function putTenant(
  store: Store,
  tenantId: string,
  tenant: TenantSettingsInput,
  options: WriteOptions = {},
): Promise<WriteResult> {
  return put(store, { tenant_id: tenantId }, parseTenant(tenant), keys.tenantSettings(tenantId), tenant, options);
}

/** Writes what a tenant may take; makes the tenant where it does not exist. */
export function putQuotas(
  store: Store,
  tenantId: string,
  quotas: QuotaSettings,
  options: WriteOptions = {},
): Promise<WriteResult> {
  return put(store, { tenant_id: tenantId }, parseQuotas(quotas), keys.tenantQuotas(tenantId), quotas, options);
}

/** Writes a lot; makes the tenant where it does not exist. */
export function putLot(
  store: Store,
  tenantId: string,
  lotId: string,
  lot: LotSettingsInput,
  options: WriteOptions = {},
): Promise<WriteResult> {
  const names = { tenant_id: tenantId, lot_id: lotId };
  return put(store, names, parseLot(lotId, lot), keys.lot(tenantId, lotId), { ...lot, lot_id: lotId }, options);
}

/** Writes a group; makes the tenant where it does not exist. */
export function putGroup(
  store: Store,
  tenantId: string,
  groupId: string,
  group: GroupSettingsInput,
  options: WriteOptions = {},
): Promise<WriteResult> {
  const names = { tenant_id: tenantId, group_id: groupId };
  const json = { ...group, group_id: groupId };
  return put(store, names, parseGroup(groupId, group), keys.group(tenantId, groupId), json, options);
}

/**
 * Deletes a tenant with its lots and groups, in one revision; the guard is the tenant's own settings. Its users go after. Parked
 * calls stay.
 */
export async function deleteTenant(store: Store, tenantId: string, options: WriteOptions = {}): Promise<WriteResult> {
  const range = prefixRange(keys.tenant(tenantId));
  const deleted = await guardedDelete(store, keys.tenantSettings(tenantId), range, options);
  if (!deleted.ok) return deleted;
  const rest = [
    keys.users(tenantId),
    keys.userNames(tenantId),
    keys.promptFiles(tenantId),
    `${keys.draining}${encodeToken(tenantId)}/`,
  ];
  await store.txn({ compare: [], success: rest.map((prefix) => ({ kind: 'delete', range: prefixRange(prefix) })) });
  return deleted;
}

/** Deletes a lot (of a reserved one: what is stored of it). Parked calls stay. */
export function deleteLot(
  store: Store,
  tenantId: string,
  lotId: string,
  options: WriteOptions = {},
): Promise<WriteResult> {
  const key = keys.lot(tenantId, lotId);
  return guardedDelete(store, key, { start: key }, options);
}

/** Deletes a group. Parked calls stay. */
export function deleteGroup(
  store: Store,
  tenantId: string,
  groupId: string,
  options: WriteOptions = {},
): Promise<WriteResult> {
  const key = keys.group(tenantId, groupId);
  return guardedDelete(store, key, { start: key }, options);
}

async function put(
  store: Store,
  names: Readonly<Record<string, string>>,
  checked: Checked<unknown>,
  key: string,
  json: unknown,
  options: WriteOptions,
): Promise<WriteResult> {
  const issues = [...nameIssues(names), ...(checked.ok ? [] : checked.issues)];
  return issues.length > 0 ? invalid(issues) : guardedPut(store, key, json, options);
}
