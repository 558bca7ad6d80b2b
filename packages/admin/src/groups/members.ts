import { keys } from '@parkade/ids';
import { Reason } from '@parkade/proto';
import { Refused } from '@parkade/rpc';
import { encodeJson, GroupIndex, type GroupSettings, MAX_GROUP_MEMBERS } from '@parkade/settings';
import type { Op } from '@parkade/store';
import { patched } from '../json-object.js';
import { groupNotFound, tooMany, userNotFound } from '../refusals.js';
import { unexpected, type WriteOptions } from '../rules/expected-revision.js';
import type { Snapshot, TenantWriter, Written } from '../tenant-writer.js';
import type { User } from '../users/user.js';
import type { Users } from '../users/users.js';
import type { Draining } from './draining.js';
import { isDraining, storedGroup } from './group.js';

/** A member of a group as the API shows it. */
export interface Member extends User {
  /** Whether the group's hunt may park at it. */
  readonly enabled: boolean;
  /** It was removed, and goes with its last call of the group. */
  readonly draining: boolean;
}

type GroupMember = GroupSettings['members'][number];

/**
 * Members of call park groups, in the order in which they were added: the hunt always begins at the first.
 *
 *   P4. A member is a user of the tenant.
 *   P5. A user is in one group at most, also while it drains from it.
 *   P6. A member with a call of the group is not gone when it is removed: it takes no more, and goes with that call.
 */
export class Members {
  constructor(
    private readonly deps: {
      readonly writer: TenantWriter;
      readonly users: Users;
      readonly draining: Draining;
    },
  ) {}

  async list(tenantId: string, groupId: string): Promise<Written<readonly Member[]> | Refused> {
    const stored = await this.deps.writer.read(keys.group(tenantId, groupId));
    if (stored instanceof Refused) return stored;
    const group = storedGroup(groupId, stored);
    if (group instanceof Refused) return group;
    const users = await this.deps.users.named(
      tenantId,
      group.members.map(({ extension }) => extension),
    );
    const value = group.members.flatMap(({ enabled, draining = false }, i) => {
      const user = users[i];
      return user === undefined ? [] : [{ ...user, enabled, draining }];
    });
    return { value, revision: stored?.revision ?? 0 };
  }

  /** Adds a user as the last member; one who is a member already, or is just draining, stays in place and may be parked at. */
  async add(
    tenantId: string,
    groupId: string,
    extension: string,
    options: WriteOptions = {},
  ): Promise<Written<undefined> | Refused> {
    const key = keys.group(tenantId, groupId);
    const userKey = keys.user(tenantId, extension);
    return this.deps.writer.write(tenantId, [key, userKey], (snapshot) => {
      const group = expected(groupId, key, snapshot, options);
      if (group instanceof Refused) return group;
      if (group.draining === true) return isDraining(groupId);
      const known = group.members.find((member) => member.extension === extension);
      if (known?.draining === undefined && known?.enabled === true) return { value: undefined, ops: [] };
      if (known === undefined) {
        if (snapshot.at(userKey) === undefined) return userNotFound(extension);
        const elsewhere = new GroupIndex(snapshot.tenant.groups()).groupOf(extension);
        if (elsewhere !== undefined && elsewhere !== groupId) return memberElsewhere(extension, elsewhere);
        if (group.members.length >= MAX_GROUP_MEMBERS) return tooMany('members in this group', MAX_GROUP_MEMBERS);
      }
      const added: GroupMember = { extension, enabled: true };
      const members =
        known === undefined
          ? [...group.members, added]
          : group.members.map((member) => (member === known ? added : member));
      return { value: undefined, ops: [put(key, snapshot, members)] };
    });
  }

  /** Resolves once the group parks nothing more at it; whether it is gone already depends on what it has parked (P6). */
  async remove(
    tenantId: string,
    groupId: string,
    extension: string,
    options: WriteOptions = {},
  ): Promise<Written<undefined> | Refused> {
    const key = keys.group(tenantId, groupId);
    const marked = await this.deps.writer.write(tenantId, [key], (snapshot) => {
      const group = expected(groupId, key, snapshot, options);
      if (group instanceof Refused) return group;
      if (!group.members.some((member) => member.extension === extension)) return memberNotFound(groupId, extension);
      const members = group.members.map((member) =>
        member.extension === extension ? { extension, enabled: false, draining: true } : member,
      );
      return {
        value: undefined,
        ops: [put(key, snapshot, members), this.deps.draining.mark(tenantId, groupId)],
      };
    });
    if (!(marked instanceof Refused)) await this.deps.draining.settle(tenantId, groupId, marked.revision);
    return marked;
  }
}

function expected(groupId: string, key: string, snapshot: Snapshot, options: WriteOptions): GroupSettings | Refused {
  const stored = snapshot.at(key);
  if (stored === undefined) return groupNotFound(groupId);
  return unexpected(options, stored.revision) ?? storedGroup(groupId, stored);
}

function put(key: string, { at }: Snapshot, members: readonly GroupMember[]): Op {
  return { kind: 'put', key, value: encodeJson(patched(at(key)?.json, { members })) };
}

function memberNotFound(groupId: string, extension: string): Refused {
  const message = `The group ${groupId} has no member ${extension}.`;
  return new Refused(Reason.MEMBER_NOT_FOUND, message, { group_id: groupId, extension });
}

function memberElsewhere(extension: string, groupId: string): Refused {
  const message = `The user ${extension} is in the group ${groupId}, or still drains from it: a user is in one group at most.`;
  return new Refused(Reason.MEMBER_ELSEWHERE, message, { group_id: groupId });
}
