import { type Admin, type User as View } from '@parkade/admin';
import type {
  AdminServiceServer,
  CreateUserRequest,
  DeleteUserRequest,
  GetUserRequest,
  ListUsersRequest,
  UpdateUserRequest,
  User,
} from '@parkade/proto/admin';
import { Refused } from '@parkade/rpc';
import { type AdminRpc, given } from './handling.js';
import { paged, queryOf } from './pages.js';

/** The RPCs of users. */
export function userRpcs(
  rpc: AdminRpc,
  admin: Pick<Admin, 'users' | 'listUsers'>,
): Pick<AdminServiceServer, 'createUser' | 'getUser' | 'updateUser' | 'deleteUser' | 'listUsers'> {
  const { users } = admin;
  return {
    createUser: rpc(async ({ tenantId, requestId, name, displayName, extensionNumber }: CreateUserRequest) => {
      const input = { name, display_name: displayName, extension_number: extensionNumber };
      const made = await users.create(tenantId, input, given(requestId));
      return made instanceof Refused ? made : { user: userProto(made.value, made.revision) };
    }),
    getUser: rpc(async ({ tenantId, extensionNumber }: GetUserRequest) => {
      const found = await users.show(tenantId, extensionNumber);
      return found instanceof Refused ? found : { user: userProto(found.value, found.revision) };
    }),
    updateUser: rpc(async ({ tenantId, extensionNumber, name, displayName, expectedRevision }: UpdateUserRequest) => {
      const patch = { name, display_name: displayName };
      const changed = await users.update(tenantId, extensionNumber, patch, { expectedRevision });
      return changed instanceof Refused ? changed : { user: userProto(changed.value, changed.revision) };
    }),
    deleteUser: rpc(async ({ tenantId, extensionNumber, expectedRevision }: DeleteUserRequest) => {
      const deleted = await users.destroy(tenantId, extensionNumber, { expectedRevision });
      return deleted instanceof Refused ? deleted : {};
    }),
    listUsers: rpc(async ({ tenantId, query }: ListUsersRequest) =>
      paged(
        await admin.listUsers(tenantId, queryOf(query)),
        (user) => userProto(user, 0),
        (shown, page) => ({ users: shown, page }),
      ),
    ),
  };
}

/** A user in the protos. */
export function userProto({ id, name, display_name, extension_number }: View, revision: number): User {
  return { userId: id, name, displayName: display_name, extensionNumber: extension_number, revision };
}
