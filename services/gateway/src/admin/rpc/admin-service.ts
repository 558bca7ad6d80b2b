import type { Admin } from '@parkade/admin';
import { AdminServiceService, type AdminServiceServer } from '@parkade/proto/admin';
import type { MountedService } from '@parkade/rpc';
import { documentRpcs } from './document-rpcs.js';
import { groupRpcs } from './group-rpcs.js';
import { flowRpcs } from './flow-rpcs.js';
import { adminRpc, type AdminRpcDeps, clusterRpc } from './handling.js';
import { parkServerRpcs } from './park-server-rpcs.js';
import { promptFileRpcs } from './prompt-file-rpcs.js';
import { quotaRpcs } from './quota-rpcs.js';
import { ownSettingsRpcs, tenantRpcs } from './tenant-rpcs.js';
import { userRpcs } from './user-rpcs.js';

export interface AdminServiceDeps extends AdminRpcDeps {
  readonly admin: Admin;
}

/** `parkade.admin.v1.AdminService`, ready to be mounted on a server: the REST API's own rules and writes, in other words. */
export function adminService(deps: AdminServiceDeps): MountedService {
  const { admin } = deps;
  const rpc = adminRpc(deps);
  const implementation = {
    ...parkServerRpcs(rpc, admin.parkServers),
    ...groupRpcs(rpc, admin),
    ...userRpcs(rpc, admin),
    ...documentRpcs(rpc, admin),
    ...flowRpcs(rpc, admin),
    ...promptFileRpcs(rpc, admin),
    ...ownSettingsRpcs(rpc, admin),
    ...tenantRpcs(clusterRpc(deps), admin),
    ...quotaRpcs(clusterRpc(deps), admin),
  } satisfies AdminServiceServer;
  return { definition: AdminServiceService, implementation };
}
