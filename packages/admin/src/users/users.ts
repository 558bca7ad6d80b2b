import type { Clock, Random } from '@parkade/clock';
import { keys, newRequestId } from '@parkade/ids';
import { Reason } from '@parkade/proto';
import { Refused } from '@parkade/rpc';
import { decodeJson, encodeJson, GroupIndex, isObject } from '@parkade/settings';
import { type Op, prefixRange, type Store } from '@parkade/store';
import type { AdminLimits } from '../limits.js';
import { inUse, invalid, tooMany, userNotFound } from '../refusals.js';
import { unexpected, type WriteOptions } from '../rules/expected-revision.js';
import type { TenantWriter, Written } from '../tenant-writer.js';
import { patched } from '../json-object.js';
import { namelessUser, parseUser, type User } from './user.js';

/** What makes a user. */
export interface UserInput {
  readonly name: string;
  readonly display_name?: string | undefined;
  readonly extension_number: string;
}

/** What of it is to change. */
export interface UserPatch {
  readonly name?: string | undefined;
  readonly display_name?: string | undefined;
}

/** Reads of many keys go in transactions of at most this many. */
const READ_AT_ONCE = 128;

/**
 * The users of tenants.
 *
 *   A1. An extension is one user's, and not the park server's; a name is one user's, whatever its case: each by a key of its own.
 *   A2. Who is a member of a group is not deleted.
 */
export class Users {
  constructor(
    private readonly deps: {
      readonly store: Store;
      readonly writer: TenantWriter;
      readonly limits: AdminLimits;
      readonly clock: Clock;
      readonly random: Random;
    },
  ) {}

  /** `requestId` (a UUIDv7) becomes the user's id: asked for again with it, the user that was made is the answer. */
  async create(
    tenantId: string,
    input: UserInput,
    requestId = newRequestId(this.deps.clock.nowMs(), this.deps.random),
  ): Promise<Written<User> | Refused> {
    const { store, writer, limits } = this.deps;
    const checked = parseUser({ id: requestId, ...input });
    if (!checked.ok) return invalid(checked.issues);
    const user = checked.value;
    const { kvs } = await store.range(prefixRange(keys.users(tenantId)), { keysOnly: true, limit: limits.maxUsers });
    if (kvs.length >= limits.maxUsers) return tooMany('users', limits.maxUsers);
    const key = keys.user(tenantId, user.extension_number);
    const nameKey = keys.userName(tenantId, user.name.toLowerCase());
    const made = await writer.write(tenantId, [key, nameKey], ({ tenant, at }) => {
      const before = at(key);
      if (before !== undefined && isObject(before.json) && before.json['id'] === requestId)
        return { value: user, ops: [] };
      const server = tenant.settings.extension_number === user.extension_number;
      if (server || before !== undefined) return taken('extension_number', user.extension_number);
      if (at(nameKey) !== undefined) return taken('name', user.name);
      return { value: user, ops: [put(key, user), put(nameKey, user.extension_number)] };
    });
    return made instanceof Refused || made.revision > 0 ? made : this.show(tenantId, user.extension_number);
  }

  async show(tenantId: string, extension: string): Promise<Written<User> | Refused> {
    const stored = await this.deps.writer.read(keys.user(tenantId, extension));
    if (stored instanceof Refused) return stored;
    const user = stored === undefined ? undefined : parseUser(stored.json);
    return user?.ok === true ? { value: user.value, revision: stored?.revision ?? 0 } : userNotFound(extension);
  }

  async update(
    tenantId: string,
    extension: string,
    patch: UserPatch,
    options: WriteOptions = {},
  ): Promise<Written<User> | Refused> {
    const before = await this.show(tenantId, extension);
    if (before instanceof Refused) return before;
    const key = keys.user(tenantId, extension);
    const oldName = keys.userName(tenantId, before.value.name.toLowerCase());
    const newName = keys.userName(tenantId, (patch.name ?? before.value.name).toLowerCase());
    return this.deps.writer.write(tenantId, [key, newName], ({ at }) => {
      const stored = at(key);
      if (stored === undefined) return userNotFound(extension);
      // The name it is to be freed from was read before: another writer may have changed it since.
      const refused =
        unexpected(options, stored.revision) ?? unexpected({ expectedRevision: before.revision }, stored.revision);
      if (refused !== undefined) return refused;
      const checked = parseUser(patched(stored.json, { ...patch }));
      if (!checked.ok) return invalid(checked.issues);
      if (newName === oldName) return { value: checked.value, ops: [put(key, checked.value)] };
      if (at(newName) !== undefined) return taken('name', checked.value.name);
      const freed: Op = { kind: 'delete', range: { start: oldName } };
      return { value: checked.value, ops: [put(key, checked.value), put(newName, extension), freed] };
    });
  }

  async destroy(
    tenantId: string,
    extension: string,
    options: WriteOptions = {},
  ): Promise<Written<undefined> | Refused> {
    const key = keys.user(tenantId, extension);
    return this.deps.writer.write(tenantId, [key], ({ tenant, at }) => {
      const stored = at(key);
      const user = stored === undefined ? undefined : parseUser(stored.json);
      if (stored === undefined || user?.ok !== true) return userNotFound(extension);
      const refused = unexpected(options, stored.revision);
      if (refused !== undefined) return refused;
      const groupId = new GroupIndex(tenant.groups()).groupOf(extension);
      if (groupId !== undefined) return inUse(`The user ${extension}`, `the group ${groupId}`);
      const nameKey = keys.userName(tenantId, user.value.name.toLowerCase());
      const ops = [key, nameKey].map((start): Op => ({ kind: 'delete', range: { start } }));
      return { value: undefined, ops };
    });
  }

  /** All of a tenant, by extension. */
  async all(tenantId: string): Promise<readonly User[]> {
    const { kvs } = await this.deps.store.range(prefixRange(keys.users(tenantId)));
    return kvs.flatMap(({ value }) => {
      const user = read(value);
      return user === undefined ? [] : [user];
    });
  }

  /** Of each extension its user, in this order; a nameless one where none is stored. */
  async named(tenantId: string, extensions: readonly string[]): Promise<readonly User[]> {
    const users: User[] = [];
    for (let from = 0; from < extensions.length; from += READ_AT_ONCE) {
      const some = extensions.slice(from, from + READ_AT_ONCE);
      const gets = some.map((extension): Op => ({ kind: 'get', range: { start: keys.user(tenantId, extension) } }));
      const { results } = await this.deps.store.txn({ compare: [], success: gets });
      some.forEach((extension, i) => {
        const kv = results[i]?.[0];
        users.push((kv === undefined ? undefined : read(kv.value)) ?? namelessUser(extension));
      });
    }
    return users;
  }
}

function read(value: Uint8Array): User | undefined {
  const json = decodeJson(value);
  const user = json.ok ? parseUser(json.value) : json;
  return user.ok ? user.value : undefined;
}

function put(key: string, json: unknown): Op {
  return { kind: 'put', key, value: encodeJson(json) };
}

function taken(field: string, value: string): Refused {
  return new Refused(Reason.NAME_TAKEN, `Another user of the tenant, or its park server, has the ${field} ${value}.`, {
    field,
    id: value,
  });
}
