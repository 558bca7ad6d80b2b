import { type GroupSettings, groupName } from './group-settings.js';

/** What two groups of a tenant cannot both have. */
export type GroupClash =
  | { readonly kind: 'name'; readonly groupId: string }
  | { readonly kind: 'member'; readonly index: number; readonly extension: string; readonly groupId: string };

/**
 * What stands between a tenant's groups: names are unique, and an extension is in one group at most, also while it drains from
 * it. Made of all groups of a tenant; of
 * two that clash, the later one does.
 */
export class GroupIndex {
  readonly #names = new Map<string, string>();
  readonly #extensions = new Map<string, string>();

  constructor(groups: Iterable<GroupSettings>) {
    for (const group of groups) {
      first(this.#names, groupName(group), group.group_id);
      for (const { extension } of group.members) first(this.#extensions, extension, group.group_id);
    }
  }

  /** The group an extension is a member of. */
  groupOf(extension: string): string | undefined {
    return this.#extensions.get(extension);
  }

  /** What stands against `group`; the one of the same id is the one it replaces. */
  clash(group: GroupSettings): GroupClash | undefined {
    const named = this.#names.get(groupName(group));
    if (named !== undefined && named !== group.group_id) return { kind: 'name', groupId: named };
    for (const [index, { extension }] of group.members.entries()) {
      const groupId = this.groupOf(extension);
      if (groupId !== undefined && groupId !== group.group_id) return { kind: 'member', index, extension, groupId };
    }
    return undefined;
  }
}

function first(map: Map<string, string>, key: string, groupId: string): void {
  if (!map.has(key)) map.set(key, groupId);
}
