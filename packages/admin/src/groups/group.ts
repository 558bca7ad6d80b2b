import { type GroupSettings, groupName, parseGroup, type RecallTo, type TenantView } from '@parkade/settings';
import { Reason } from '@parkade/proto';
import { Refused } from '@parkade/rpc';
import { groupNotFound, invalid } from '../refusals.js';
import type { Stored } from '../tenant-writer.js';

/** A call park group as the API shows it. */
export interface Group {
  readonly id: string;
  readonly name: string;
  /** Absent: as the park server says. */
  readonly recall_to?: RecallTo | undefined;
  readonly ring_group_id?: string | undefined;
  /** Off: parks at the group are refused; what it has parked stays retrievable and is rung back. */
  readonly enabled: boolean;
  /** It was deleted, and goes with its last call. */
  readonly draining: boolean;
}

/** What makes a group; what is left out follows the park server. */
export interface GroupInput {
  readonly name: string;
  readonly recall_to?: RecallTo | undefined;
  readonly ring_group_id?: string | undefined;
  readonly enabled?: boolean | undefined;
}

/** What of it is to change. */
export type GroupPatch = { readonly [Field in keyof GroupInput]?: GroupInput[Field] | undefined };

/** A group's settings as the API shows them. */
export function groupView(settings: GroupSettings): Group {
  const { group_id: id, recall_to, ring_group_id, enabled, draining = false } = settings;
  return { id, name: groupName(settings), recall_to, ring_group_id, enabled, draining };
}

/** What is stored of a group. */
export function storedGroup(groupId: string, stored: Stored | undefined): GroupSettings | Refused {
  if (stored === undefined) return groupNotFound(groupId);
  const checked = parseGroup(groupId, stored.json);
  return checked.ok ? checked.value : invalid(checked.issues);
}

/** Why another group of the tenant stands against a name; undefined: none does. */
export function nameTaken(name: string, groupId: string, tenant: TenantView): Refused | undefined {
  const other = tenant.groups().find((group) => group.group_id !== groupId && groupName(group) === name);
  if (other === undefined) return undefined;
  const message = `Another group of the tenant has the name ${name}.`;
  return new Refused(Reason.NAME_TAKEN, message, { field: 'name', id: other.group_id });
}

/** What is said to who changes a group that was deleted. */
export function isDraining(groupId: string): Refused {
  const message = `The group ${groupId} was deleted, and goes with its last call.`;
  return new Refused(Reason.DISABLED, message, { group_id: groupId });
}
