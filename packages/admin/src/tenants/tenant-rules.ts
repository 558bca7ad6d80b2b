import type { Refused } from '@parkade/rpc';
import type { TenantSettings, TenantView } from '@parkade/settings';
import { invalidField } from '../refusals.js';

/** Why a tenant's own settings cannot be, as its ring groups are; undefined: they can. */
export function tenantFault({ recall }: TenantSettings, tenant: Pick<TenantView, 'ringGroup'>): Refused | undefined {
  const { ring_group_id: ring, fallback } = recall ?? {};
  if (ring !== undefined && tenant.ringGroup(ring) === undefined) {
    return invalidField('recall.ring_group_id', `the tenant has no ring group ${ring}`);
  }
  if (fallback?.to === 'ring_group' && tenant.ringGroup(fallback.ring_group_id) === undefined) {
    return invalidField('recall.fallback.ring_group_id', `the tenant has no ring group ${fallback.ring_group_id}`);
  }
  return undefined;
}
