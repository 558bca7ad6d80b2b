import { type Admin, type Group as View } from '@parkade/admin';
import type {
  AddMemberRequest,
  AdminServiceServer,
  CreateGroupRequest,
  DeleteGroupRequest,
  GetGroupRequest,
  Group,
  ListGroupsRequest,
  ListMembersRequest,
  RemoveMemberRequest,
  UpdateGroupRequest,
} from '@parkade/proto/admin';
import { Refused } from '@parkade/rpc';
import { type AdminRpc, given } from './handling.js';
import { paged, queryOf } from './pages.js';
import { recallToOf, recallToProto } from './recall-to.js';
import { userProto } from './user-rpcs.js';

/** The RPCs of groups and their members. */
export function groupRpcs(
  rpc: AdminRpc,
  admin: Pick<Admin, 'groups' | 'members' | 'listGroups'>,
): Pick<
  AdminServiceServer,
  | 'createGroup'
  | 'getGroup'
  | 'updateGroup'
  | 'deleteGroup'
  | 'listGroups'
  | 'listMembers'
  | 'addMember'
  | 'removeMember'
> {
  const { groups, members } = admin;
  return {
    createGroup: rpc(async ({ tenantId, requestId, name, enabled, ...request }: CreateGroupRequest) => {
      const recallTo = recallToOf(request.recallTo);
      if (recallTo instanceof Refused) return recallTo;
      const input = { name, recall_to: recallTo.word, ring_group_id: given(request.ringGroupId), enabled };
      const made = await groups.create(tenantId, input, given(requestId));
      return made instanceof Refused ? made : { group: groupProto(made.value, made.revision) };
    }),
    getGroup: rpc(async ({ tenantId, groupId }: GetGroupRequest) => {
      const found = await groups.show(tenantId, groupId);
      return found instanceof Refused ? found : { group: groupProto(found.value, found.revision) };
    }),
    updateGroup: rpc(async ({ tenantId, groupId, name, enabled, expectedRevision, ...request }: UpdateGroupRequest) => {
      const recallTo = recallToOf(request.recallTo);
      if (recallTo instanceof Refused) return recallTo;
      const patch = { name, recall_to: recallTo.word, ring_group_id: request.ringGroupId, enabled };
      const changed = await groups.update(tenantId, groupId, patch, { expectedRevision });
      return changed instanceof Refused ? changed : { group: groupProto(changed.value, changed.revision) };
    }),
    deleteGroup: rpc(async ({ tenantId, groupId, expectedRevision }: DeleteGroupRequest) => {
      const deleted = await groups.destroy(tenantId, groupId, { expectedRevision });
      return deleted instanceof Refused ? deleted : {};
    }),
    listGroups: rpc(({ tenantId, query }: ListGroupsRequest) =>
      paged(
        admin.listGroups(tenantId, queryOf(query)),
        (group) => groupProto(group, 0),
        (shown, page) => ({ groups: shown, page }),
      ),
    ),
    listMembers: rpc(async ({ tenantId, groupId }: ListMembersRequest) => {
      const found = await members.list(tenantId, groupId);
      if (found instanceof Refused) return found;
      const shown = found.value.map(({ enabled, draining, ...user }) => ({
        ...{ user: userProto(user, 0), enabled, draining },
      }));
      return { members: shown, revision: found.revision };
    }),
    addMember: rpc(async ({ tenantId, groupId, extensionNumber, expectedRevision }: AddMemberRequest) => {
      const added = await members.add(tenantId, groupId, extensionNumber, { expectedRevision });
      return added instanceof Refused ? added : { revision: added.revision };
    }),
    removeMember: rpc(async ({ tenantId, groupId, extensionNumber, expectedRevision }: RemoveMemberRequest) => {
      const removed = await members.remove(tenantId, groupId, extensionNumber, { expectedRevision });
      return removed instanceof Refused ? removed : {};
    }),
  };
}

function groupProto({ id, name, recall_to, ring_group_id, enabled, draining }: View, revision: number): Group {
  const recallTo = recallToProto(recall_to);
  return { groupId: id, name, recallTo, ringGroupId: ring_group_id ?? '', enabled, draining, revision };
}
