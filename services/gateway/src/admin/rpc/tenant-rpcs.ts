import type { Admin } from '@parkade/admin';
import type {
  AdminServiceServer,
  DeleteTenantRequest,
  FeatureCodes,
  GetTenantRequest,
  ListTenantsRequest,
  PutTenantRequest,
  PutTenantSettingsRequest,
  Tenant,
  UpdateFeatureCodesRequest,
} from '@parkade/proto/admin';
import { Refused } from '@parkade/rpc';
import type { FeatureCodes as Codes, TenantSettings } from '@parkade/settings';
import { jsonOf, shown } from './document-rpcs.js';
import type { AdminRpc, ClusterRpc } from './handling.js';
import { paged, queryOf } from './pages.js';

/** The RPCs of a tenant's own settings. */
export function ownSettingsRpcs(
  rpc: AdminRpc,
  { ownSettings }: Pick<Admin, 'ownSettings'>,
): Pick<AdminServiceServer, 'getTenantSettings' | 'putTenantSettings' | 'getFeatureCodes' | 'updateFeatureCodes'> {
  return {
    getTenantSettings: rpc(async ({ tenantId }) => {
      const found = await ownSettings.show(tenantId);
      return found instanceof Refused ? found : { settings: shown(found) };
    }),
    putTenantSettings: rpc(async ({ tenantId, json, expectedRevision }: PutTenantSettingsRequest) => {
      const input = jsonOf(json);
      if (input instanceof Refused) return input;
      const put = await ownSettings.put(tenantId, input.value, { expectedRevision });
      return put instanceof Refused ? put : { settings: shown(put) };
    }),
    getFeatureCodes: rpc(async ({ tenantId }) => {
      const found = await ownSettings.codes(tenantId);
      return found instanceof Refused ? found : { codes: codesProto(found.value, found.revision) };
    }),
    updateFeatureCodes: rpc(async ({ tenantId, expectedRevision, ...codes }: UpdateFeatureCodesRequest) => {
      const patch = {
        auto: codes.auto,
        park_next: codes.parkNext,
        retrieve: codes.retrieve,
        park_extension: codes.parkExtension,
        park_group: codes.parkGroup,
        retrieve_extension: codes.retrieveExtension,
      };
      const changed = await ownSettings.updateCodes(tenantId, patch, { expectedRevision });
      return changed instanceof Refused ? changed : { codes: codesProto(changed.value, changed.revision) };
    }),
  };
}

/** The RPCs of the cluster's tenants. */
export function tenantRpcs(
  rpc: ClusterRpc,
  admin: Pick<Admin, 'tenants' | 'listTenants'>,
): Pick<AdminServiceServer, 'putTenant' | 'getTenant' | 'deleteTenant' | 'listTenants'> {
  const { tenants } = admin;
  return {
    putTenant: rpc(async ({ tenantId, json, expectedRevision }: PutTenantRequest) => {
      const input = jsonOf(json);
      if (input instanceof Refused) return input;
      const put = await tenants.put(tenantId, input.value, { expectedRevision });
      return put instanceof Refused ? put : { tenant: tenantProto(tenantId, put) };
    }),
    getTenant: rpc(async ({ tenantId }: GetTenantRequest) => {
      const found = await tenants.show(tenantId);
      return found instanceof Refused ? found : { tenant: tenantProto(tenantId, found) };
    }),
    deleteTenant: rpc(async ({ tenantId, expectedRevision }: DeleteTenantRequest) => {
      const deleted = await tenants.destroy(tenantId, { expectedRevision });
      return deleted instanceof Refused ? deleted : {};
    }),
    listTenants: rpc(({ query }: ListTenantsRequest) =>
      paged(
        admin.listTenants(queryOf(query)),
        ({ id, enabled }): Tenant => ({ tenantId: id, settings: undefined, enabled }),
        (page, info) => ({ tenants: page, page: info }),
      ),
    ),
  };
}

function tenantProto(tenantId: string, written: { readonly value: TenantSettings; readonly revision: number }): Tenant {
  return { tenantId, settings: shown(written), enabled: written.value.enabled };
}

function codesProto(codes: Codes, revision: number): FeatureCodes {
  return {
    auto: codes.auto,
    parkNext: codes.park_next,
    retrieve: codes.retrieve,
    parkExtension: codes.park_extension,
    parkGroup: codes.park_group,
    retrieveExtension: codes.retrieve_extension,
    revision,
  };
}
