import type { Admin, TenantQuotas } from '@parkade/admin';
import type { AdminServiceServer, GetTenantQuotasRequest, PutTenantQuotasRequest, Quotas } from '@parkade/proto/admin';
import { Refused } from '@parkade/rpc';
import type { QuotaSettings } from '@parkade/settings';
import type { ClusterRpc } from './handling.js';

/** The RPCs of what tenants may take of the cluster. */
export function quotaRpcs(
  rpc: ClusterRpc,
  { quotas }: Pick<Admin, 'quotas'>,
): Pick<AdminServiceServer, 'getTenantQuotas' | 'putTenantQuotas'> {
  return {
    getTenantQuotas: rpc(async ({ tenantId }: GetTenantQuotasRequest) => {
      const found = await quotas.show(tenantId);
      return found instanceof Refused ? found : answer(found);
    }),
    putTenantQuotas: rpc(async ({ tenantId, quotas: given, expectedRevision }: PutTenantQuotasRequest) => {
      const put = await quotas.put(tenantId, given === undefined ? {} : settingsOf(given), { expectedRevision });
      return put instanceof Refused ? put : answer(put);
    }),
  };
}

function answer({ value, revision }: { readonly value: TenantQuotas; readonly revision: number }): {
  quotas: Quotas;
  inForce: Quotas;
  revision: number;
} {
  return { quotas: wire(value.own), inForce: wire(value.inForce), revision };
}

function settingsOf({ parkedCalls, slots, watches, requestsPerSecond, requestBurst }: Quotas): QuotaSettings {
  return {
    parked_calls: parkedCalls,
    slots,
    watches,
    requests_per_second: requestsPerSecond,
    request_burst: requestBurst,
  };
}

function wire({ parked_calls, slots, watches, requests_per_second, request_burst }: QuotaSettings): Quotas {
  return {
    parkedCalls: parked_calls,
    slots,
    watches,
    requestsPerSecond: requests_per_second,
    requestBurst: request_burst,
  };
}
