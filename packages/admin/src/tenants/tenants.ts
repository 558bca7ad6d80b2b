import { isName, keys } from '@parkade/ids';
import { Reason } from '@parkade/proto';
import { Refused } from '@parkade/rpc';
import { deleteTenant, parseTenant, putTenant, type SettingsCache, type TenantSettings } from '@parkade/settings';
import { prefixRange, type Store } from '@parkade/store';
import type { AdminLimits } from '../limits.js';
import { invalid, invalidField, revisionConflict, tenantNotFound } from '../refusals.js';
import type { WriteOptions } from '../rules/expected-revision.js';
import { storing } from '../storing.js';
import type { Written } from '../tenant-writer.js';
import type { OwnSettings } from './own-settings.js';
import { tenantFault } from './tenant-rules.js';

/** A tenant in a list. */
export interface ListedTenant {
  readonly id: string;
  /** Off: parks are refused; what is parked stays retrievable and is rung back. */
  readonly enabled: boolean;
}

/**
 * The tenants of the cluster, for its operators.
 *
 *   A9. A tenant that is made has nothing yet, so its settings name nothing. One that is deleted leaves nothing but the calls that are
 *       parked: they keep their policy, and are retrieved by their park ids.
 */
export class Tenants {
  constructor(
    private readonly deps: {
      readonly store: Store;
      readonly settings: SettingsCache;
      readonly own: OwnSettings;
      readonly limits: AdminLimits;
    },
  ) {}

  all(): readonly ListedTenant[] {
    return [...this.deps.settings.tenants()].map(({ tenantId, settings }) => ({
      id: tenantId,
      enabled: settings.enabled,
    }));
  }

  async show(tenantId: string): Promise<Written<TenantSettings> | Refused> {
    const there = await storing(() => this.#exists(tenantId));
    if (there instanceof Refused) return there;
    return there ? this.deps.own.show(tenantId) : tenantNotFound(tenantId);
  }

  /** Makes a tenant with these settings of its own, or replaces them. */
  async put(tenantId: string, input: unknown, options: WriteOptions = {}): Promise<Written<TenantSettings> | Refused> {
    const { store, settings, own, limits } = this.deps;
    if (!isName(tenantId)) return invalidField('id', 'must be 1 to 64 printable ASCII characters without blanks');
    const there = await storing(() => this.#exists(tenantId));
    if (there instanceof Refused) return there;
    if (there) return own.put(tenantId, input, options);
    const checked = parseTenant(input);
    if (!checked.ok) return invalid(checked.issues);
    const refused = tenantFault(checked.value, { ringGroup: () => undefined });
    if (refused !== undefined) return refused;
    if ([...settings.tenants()].length >= limits.maxTenants) return tooManyTenants(limits.maxTenants);
    const { expectedRevision = 0 } = options;
    const made = await storing(() => putTenant(store, tenantId, checked.value, { expectedRevision }));
    if (made instanceof Refused) return made;
    if (!made.ok) return made.reason === 'conflict' ? revisionConflict(made.revision) : invalid(made.issues);
    await settings.waitFor(made.revision, limits.settleMs);
    return { value: checked.value, revision: made.revision };
  }

  async destroy(tenantId: string, options: WriteOptions = {}): Promise<Written<undefined> | Refused> {
    const { store, settings, limits } = this.deps;
    const there = await storing(() => this.#exists(tenantId));
    if (there instanceof Refused) return there;
    if (!there) return tenantNotFound(tenantId);
    const deleted = await storing(() => deleteTenant(store, tenantId, options));
    if (deleted instanceof Refused) return deleted;
    if (!deleted.ok)
      return deleted.reason === 'conflict' ? revisionConflict(deleted.revision) : invalid(deleted.issues);
    await settings.waitFor(deleted.revision, limits.settleMs);
    return { value: undefined, revision: deleted.revision };
  }

  async #exists(tenantId: string): Promise<boolean> {
    if (this.deps.settings.tenant(tenantId) !== undefined) return true;
    const { kvs } = await this.deps.store.range(prefixRange(keys.tenant(tenantId)), { limit: 1, keysOnly: true });
    return kvs.length > 0;
  }
}

function tooManyTenants(limit: number): Refused {
  return new Refused(Reason.TOO_MANY, `The cluster has ${limit} tenants already, and may not have more.`, {
    limit: String(limit),
  });
}
