import { keys } from '@parkade/ids';
import { Refused } from '@parkade/rpc';
import {
  encodeJson,
  parseQuotas,
  QUOTA_NAMES,
  type QuotaSettings,
  type SettingsCache,
  type TenantView,
} from '@parkade/settings';
import { invalid, tenantNotFound } from '../refusals.js';
import { unexpected, type WriteOptions } from '../rules/expected-revision.js';
import type { TenantWriter, Written } from '../tenant-writer.js';

/** What a tenant may take of the cluster. */
export interface TenantQuotas {
  /** As it is set for this tenant. */
  readonly own: QuotaSettings;
  /** As it is in force: the tenant's, else the system's. */
  readonly inForce: QuotaSettings;
}

/** Quotas of tenants, for operators of the cluster; written whole. */
export class Quotas {
  constructor(
    private readonly deps: {
      readonly writer: TenantWriter;
      readonly settings: Pick<SettingsCache, 'tenant' | 'system'>;
    },
  ) {}

  async show(tenantId: string): Promise<Written<TenantQuotas> | Refused> {
    const { writer, settings } = this.deps;
    if (settings.tenant(tenantId) === undefined) return tenantNotFound(tenantId);
    const stored = await writer.read(keys.tenantQuotas(tenantId));
    if (stored instanceof Refused) return stored;
    const checked = parseQuotas(stored?.json ?? {});
    return checked.ok ? this.#written(checked.value, stored?.revision ?? 0) : invalid(checked.issues);
  }

  /** Replaces what there is. What is parked stays, whatever it counts. */
  async put(tenantId: string, input: unknown, options: WriteOptions = {}): Promise<Written<TenantQuotas> | Refused> {
    const checked = parseQuotas(input);
    if (!checked.ok) return invalid(checked.issues);
    const key = keys.tenantQuotas(tenantId);
    const written = await this.deps.writer.write<TenantView>(tenantId, [key], ({ tenant, at }) => {
      const refused = unexpected(options, at(key)?.revision ?? 0);
      return refused ?? { value: tenant, ops: [{ kind: 'put', key, value: encodeJson(checked.value) }] };
    });
    return written instanceof Refused ? written : this.#written(checked.value, written.revision);
  }

  #written(own: QuotaSettings, revision: number): Written<TenantQuotas> {
    const all = this.deps.settings.system.quotas ?? {};
    const inForce = Object.fromEntries(QUOTA_NAMES.map((name) => [name, own[name] ?? all[name]]));
    return { value: { own, inForce }, revision };
  }
}
