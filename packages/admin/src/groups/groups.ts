import type { Clock, Random } from '@parkade/clock';
import { keys, newRequestId } from '@parkade/ids';
import { Refused } from '@parkade/rpc';
import { encodeJson, type GroupSettingsInput, isObject, parseGroup } from '@parkade/settings';
import type { Op } from '@parkade/store';
import { patched } from '../json-object.js';
import type { AdminLimits } from '../limits.js';
import { groupNotFound, invalid, tooMany } from '../refusals.js';
import { unexpected, type WriteOptions } from '../rules/expected-revision.js';
import { patchedTarget, targetFault } from '../rules/recall-target.js';
import type { TenantWriter, Written } from '../tenant-writer.js';
import type { Draining } from './draining.js';
import {
  type Group,
  type GroupInput,
  type GroupPatch,
  groupView,
  isDraining,
  nameTaken,
  storedGroup,
} from './group.js';

/**
 * Call park groups.
 *
 *   P1. Names are unique in the tenant, to the character.
 *   P2. A ring group is there where `recall_to` needs one, and nowhere else; it is one of the tenant's.
 *   P3. A group with calls parked is not gone when it is deleted: it takes no more, and goes with the last of them.
 */
export class Groups {
  constructor(
    private readonly deps: {
      readonly writer: TenantWriter;
      readonly draining: Draining;
      readonly limits: AdminLimits;
      readonly clock: Clock;
      readonly random: Random;
    },
  ) {}

  /** `requestId` (a UUIDv7) becomes the group's id: asked for again with it, the group that was made is the answer. */
  async create(
    tenantId: string,
    input: GroupInput,
    requestId = newRequestId(this.deps.clock.nowMs(), this.deps.random),
  ): Promise<Written<Group> | Refused> {
    const { writer, limits } = this.deps;
    const id = requestId;
    const json = patched({}, { group_id: id, ...input });
    const checked = parseGroup(id, json);
    if (!checked.ok) return invalid(checked.issues);
    const key = keys.group(tenantId, id);
    const made = await writer.write(tenantId, [key], ({ tenant, at }) => {
      if (at(key) !== undefined) return { value: groupView(checked.value), ops: [] };
      if (tenant.groups().length >= limits.maxGroups) return tooMany('groups', limits.maxGroups);
      const refused = targetFault(input, tenant) ?? nameTaken(input.name, id, tenant);
      return refused ?? { value: groupView(checked.value), ops: [put(tenantId, id, json)] };
    });
    return made instanceof Refused || made.revision > 0 ? made : this.show(tenantId, id);
  }

  async show(tenantId: string, groupId: string): Promise<Written<Group> | Refused> {
    const stored = await this.deps.writer.read(keys.group(tenantId, groupId));
    if (stored instanceof Refused) return stored;
    const settings = storedGroup(groupId, stored);
    if (settings instanceof Refused) return settings;
    return { value: groupView(settings), revision: stored?.revision ?? 0 };
  }

  async update(
    tenantId: string,
    groupId: string,
    patch: GroupPatch,
    options: WriteOptions = {},
  ): Promise<Written<Group> | Refused> {
    const key = keys.group(tenantId, groupId);
    return this.deps.writer.write(tenantId, [key], ({ tenant, at }) => {
      const stored = at(key);
      if (stored === undefined) return groupNotFound(groupId);
      const refused = unexpected(options, stored.revision);
      if (refused !== undefined) return refused;
      if (tenant.group(groupId)?.draining === true) return isDraining(groupId);
      const base: Readonly<Record<string, unknown>> = isObject(stored.json) ? stored.json : {};
      const target = patchedTarget(base, patch);
      const json = patched(base, { ...patch, ...target });
      if (target.ring_group_id === undefined) delete json['ring_group_id'];
      const checked = parseGroup(groupId, json);
      const named = patch.recall_to !== undefined || patch.ring_group_id !== undefined;
      const fault = named ? targetFault(target, tenant) : undefined;
      if (fault !== undefined) return fault;
      if (!checked.ok) return invalid(checked.issues);
      const taken = patch.name === undefined ? undefined : nameTaken(patch.name, groupId, tenant);
      return taken ?? { value: groupView(checked.value), ops: [put(tenantId, groupId, json)] };
    });
  }

  /** Resolves once it takes no more calls; whether it is gone already depends on those it has (P3). */
  async destroy(tenantId: string, groupId: string, options: WriteOptions = {}): Promise<Written<undefined> | Refused> {
    const key = keys.group(tenantId, groupId);
    const marked = await this.deps.writer.write(tenantId, [key], ({ at }) => {
      const stored = at(key);
      if (stored === undefined) return groupNotFound(groupId);
      const refused = unexpected(options, stored.revision);
      if (refused !== undefined) return refused;
      const settings = storedGroup(groupId, stored);
      const empty = settings instanceof Refused || settings.members.length === 0;
      if (empty) return { value: undefined, ops: [{ kind: 'delete', range: { start: key } }] };
      const json = patched(stored.json, { enabled: false, draining: true });
      return { value: undefined, ops: [put(tenantId, groupId, json), this.deps.draining.mark(tenantId, groupId)] };
    });
    if (!(marked instanceof Refused)) await this.deps.draining.settle(tenantId, groupId, marked.revision);
    return marked;
  }
}

function put(tenantId: string, groupId: string, json: Record<string, unknown> | GroupSettingsInput): Op {
  return { kind: 'put', key: keys.group(tenantId, groupId), value: encodeJson(json) };
}
