import { type Admin, invalidField } from '@parkade/admin';
import type {
  AdminServiceServer,
  DeleteLotRequest,
  DeleteRingGroupRequest,
  GetLotRequest,
  GetRingGroupRequest,
  ListLotsRequest,
  ListRingGroupsRequest,
  PutLotRequest,
  PutRingGroupRequest,
} from '@parkade/proto/admin';
import { Refused } from '@parkade/rpc';
import type { AdminRpc } from './handling.js';
import { paged, queryOf } from './pages.js';

/** The RPCs of what is written whole, as JSON text in the words of settings documents. */
export function documentRpcs(
  rpc: AdminRpc,
  admin: Pick<Admin, 'lots' | 'listLots' | 'ringGroups' | 'listRingGroups'>,
): Pick<
  AdminServiceServer,
  | 'putRingGroup'
  | 'getRingGroup'
  | 'deleteRingGroup'
  | 'listRingGroups'
  | 'putLot'
  | 'getLot'
  | 'deleteLot'
  | 'listLots'
> {
  const { lots, ringGroups } = admin;
  return {
    putRingGroup: rpc(async ({ tenantId, ringGroupId, json, expectedRevision }: PutRingGroupRequest) => {
      const input = jsonOf(json);
      if (input instanceof Refused) return input;
      const put = await ringGroups.put(tenantId, ringGroupId, input.value, { expectedRevision });
      return put instanceof Refused ? put : { ringGroup: { ringGroupId, ...shown(put) } };
    }),
    getRingGroup: rpc(async ({ tenantId, ringGroupId }: GetRingGroupRequest) => {
      const found = await ringGroups.show(tenantId, ringGroupId);
      return found instanceof Refused ? found : { ringGroup: { ringGroupId, ...shown(found) } };
    }),
    deleteRingGroup: rpc(async ({ tenantId, ringGroupId, expectedRevision }: DeleteRingGroupRequest) => {
      const deleted = await ringGroups.destroy(tenantId, ringGroupId, { expectedRevision });
      return deleted instanceof Refused ? deleted : {};
    }),
    listRingGroups: rpc(({ tenantId, query }: ListRingGroupsRequest) =>
      paged(
        admin.listRingGroups(tenantId, queryOf(query)),
        (value) => ({ ringGroupId: value.ring_group_id, ...shown({ value, revision: 0 }) }),
        (page, info) => ({ ringGroups: page, page: info }),
      ),
    ),
    putLot: rpc(async ({ tenantId, lotId, json, expectedRevision }: PutLotRequest) => {
      const input = jsonOf(json);
      if (input instanceof Refused) return input;
      const put = await lots.put(tenantId, lotId, input.value, { expectedRevision });
      return put instanceof Refused ? put : { lot: { lotId, ...shown(put) } };
    }),
    getLot: rpc(async ({ tenantId, lotId }: GetLotRequest) => {
      const found = await lots.show(tenantId, lotId);
      return found instanceof Refused ? found : { lot: { lotId, ...shown(found) } };
    }),
    deleteLot: rpc(async ({ tenantId, lotId, expectedRevision }: DeleteLotRequest) => {
      const deleted = await lots.destroy(tenantId, lotId, { expectedRevision });
      return deleted instanceof Refused ? deleted : {};
    }),
    listLots: rpc(({ tenantId, query }: ListLotsRequest) =>
      paged(
        admin.listLots(tenantId, queryOf(query)),
        (value) => ({ lotId: value.lot_id, ...shown({ value, revision: 0 }) }),
        (page, info) => ({ lots: page, page: info }),
      ),
    ),
  };
}

/** What a field `json` says. */
export function jsonOf(text: string): { readonly value: unknown } | Refused {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch (error) {
    return invalidField('json', `is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** A document as JSON text, with its revision. */
export function shown({ value, revision }: { readonly value: object; readonly revision: number }): {
  readonly json: string;
  readonly revision: number;
} {
  return { json: JSON.stringify(value), revision };
}
