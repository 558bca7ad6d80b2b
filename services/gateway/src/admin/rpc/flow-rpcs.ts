import type { Admin } from '@parkade/admin';
import type { DeleteFlowRequest, GetFlowRequest, ListFlowsRequest, PutFlowRequest } from '@parkade/proto';
import type { AdminServiceServer } from '@parkade/proto/admin';
import type { AdminRpc } from './handling.js';

/** The RPCs of stored call flows: those of FlowService. */
export function flowRpcs(
  rpc: AdminRpc,
  { flows }: Pick<Admin, 'flows'>,
): Pick<AdminServiceServer, 'putFlow' | 'getFlow' | 'deleteFlow' | 'listFlows'> {
  return {
    putFlow: rpc((request: PutFlowRequest) => flows.put(request)),
    getFlow: rpc((request: GetFlowRequest) => flows.get(request)),
    deleteFlow: rpc((request: DeleteFlowRequest) => flows.delete(request)),
    listFlows: rpc((request: ListFlowsRequest) => flows.list(request)),
  };
}
