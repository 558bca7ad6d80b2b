import { isName, keys } from '@parkade/ids';
import { flowNaming } from '@parkade/flow';
import { Reason } from '@parkade/proto';
import { Refused } from '@parkade/rpc';
import { encodeJson, nestingIssues, parseRingGroup, type RingGroupSettings, type TenantView } from '@parkade/settings';
import type { Store } from '@parkade/store';
import { patched } from '../json-object.js';
import type { AdminLimits } from '../limits.js';
import { inUse, invalid, invalidField, ringGroupNotFound, tooMany } from '../refusals.js';
import { unexpected, type WriteOptions } from '../rules/expected-revision.js';
import { storing } from '../storing.js';
import type { TenantWriter, Written } from '../tenant-writer.js';

/**
 * Ring groups, written whole.
 *
 *   A3. A ring group that something of the tenant names is there: it is not deleted before that is changed.
 *   A4. Ring groups in each other never lead in a circle, whoever writes at the same time.
 */
export class RingGroups {
  constructor(
    private readonly deps: { readonly store: Store; readonly writer: TenantWriter; readonly limits: AdminLimits },
  ) {}

  async show(tenantId: string, groupId: string): Promise<Written<RingGroupSettings> | Refused> {
    const stored = await this.deps.writer.read(keys.ringGroup(tenantId, groupId));
    if (stored instanceof Refused) return stored;
    if (stored === undefined) return ringGroupNotFound(groupId);
    const checked = parseRingGroup(groupId, stored.json);
    return checked.ok ? { value: checked.value, revision: stored.revision } : invalid(checked.issues);
  }

  /** Makes it, or replaces what there is. */
  async put(
    tenantId: string,
    groupId: string,
    input: unknown,
    options: WriteOptions = {},
  ): Promise<Written<RingGroupSettings> | Refused> {
    const { writer, limits } = this.deps;
    if (!isName(groupId)) return invalidField('id', 'must be 1 to 64 printable ASCII characters without blanks');
    const checked = parseRingGroup(groupId, input);
    if (!checked.ok) return invalid(checked.issues);
    const key = keys.ringGroup(tenantId, groupId);
    return writer.write(tenantId, [key], ({ tenant, at }) => {
      const stored = at(key);
      const refused = unexpected(options, stored?.revision ?? 0);
      if (refused !== undefined) return refused;
      if (stored === undefined && tenant.ringGroups().length >= limits.maxRingGroups) {
        return tooMany('ring groups', limits.maxRingGroups);
      }
      const nesting = nestingIssues(checked.value, (id) => tenant.ringGroup(id));
      if (nesting.length > 0) return invalid(nesting);
      const value = encodeJson(patched(input, { ring_group_id: groupId }));
      return { value: checked.value, ops: [{ kind: 'put', key, value }] };
    });
  }

  async destroy(tenantId: string, groupId: string, options: WriteOptions = {}): Promise<Written<undefined> | Refused> {
    const { store, writer, limits } = this.deps;
    const key = keys.ringGroup(tenantId, groupId);
    const guard = keys.tenantGuard(tenantId);
    for (let attempt = 0; attempt < limits.maxAttempts; attempt++) {
      // Call flows are no settings: they are read here, and nothing of the tenant may change until it is written.
      const read = await storing(async () => {
        const revision = (await store.get(guard))?.modRevision ?? 0;
        return { revision, flow: await flowNaming(store, tenantId, groupId) };
      });
      if (read instanceof Refused) return read;
      const seen = { changed: false };
      const written = await writer.write<undefined>(tenantId, [key, guard], ({ tenant, at }) => {
        const stored = at(key);
        if (stored === undefined) return ringGroupNotFound(groupId);
        const refused = unexpected(options, stored.revision);
        if (refused !== undefined) return refused;
        const user = userOf(tenant, groupId);
        if (user !== undefined) return inUse(`The ring group ${groupId}`, user);
        seen.changed = (at(guard)?.revision ?? 0) !== read.revision;
        if (seen.changed) return { value: undefined, ops: [] };
        if (read.flow !== undefined) return inUse(`The ring group ${groupId}`, `the call flow ${read.flow}`);
        return { value: undefined, ops: [{ kind: 'delete', range: { start: key } }] };
      });
      if (written instanceof Refused || !seen.changed) return written;
    }
    return new Refused(Reason.OVERLOADED, 'Others change this tenant all the while; retry after a pause.');
  }
}

/** What of the tenant names a ring group; undefined: nothing. */
function userOf(tenant: TenantView, groupId: string): string | undefined {
  const group = tenant.groups().find(({ ring_group_id }) => ring_group_id === groupId);
  if (group !== undefined) return `the group ${group.group_id}`;
  const ring = tenant.ringGroups().find(({ members }) => members.some((member) => member.ring_group_id === groupId));
  if (ring !== undefined) return `the ring group ${ring.ring_group_id}`;
  for (const { lot_id, recall } of tenant.lots()) if (names(recall, groupId)) return `the lot ${lot_id}`;
  return names(tenant.settings.recall, groupId) ? 'the tenant' : undefined;
}

function names(recall: TenantView['settings']['recall'], groupId: string): boolean {
  const { ring_group_id, fallback } = recall ?? {};
  return ring_group_id === groupId || (fallback?.to === 'ring_group' && fallback.ring_group_id === groupId);
}
