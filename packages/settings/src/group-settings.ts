import { z } from 'zod';
import { type Checked, check, formatPath } from './issues.js';
import { nameSchema } from './policy-settings.js';
import { checkRecallTarget, recallToSchema } from './recall-settings.js';

/** A group has at most this many members. */
export const MAX_GROUP_MEMBERS = 500;

/** What people call a group: 1 to 64 characters of any kind. */
export const displayNameSchema = z
  .string()
  .regex(/^\P{Surrogate}{1,64}$/u, { error: 'must be text of 1 to 64 characters' });

const groupSchema = z
  .strictObject({
    group_id: nameSchema,
    /** What people call it, unique in the tenant; absent: its id. */
    name: displayNameSchema.optional(),
    /** Off: parks at the group are refused; what it has parked stays retrievable and is rung back. */
    enabled: z.boolean().default(true),
    /** It was deleted while it had calls parked, and goes when the last of them has gone. */
    draining: z.boolean().optional(),
    /** Whom a call rings that it has parked; absent: as the lot, the tenant or the system says. */
    recall_to: recallToSchema.optional(),
    /** Required with, and only valid with, the two ring-group modes. */
    ring_group_id: nameSchema.optional(),
    /** In the order they are tried, always from the first. */
    members: z
      .array(
        z.strictObject({
          extension: nameSchema,
          enabled: z.boolean().default(true),
          /** It was removed while it had a call of the group, and goes when that has gone. */
          draining: z.boolean().optional(),
        }),
      )
      .max(MAX_GROUP_MEMBERS, { error: `at most ${MAX_GROUP_MEMBERS} members` })
      .superRefine((members, context) => {
        const seen = new Set<string>();
        for (const [i, { extension }] of members.entries()) {
          if (seen.has(extension)) {
            context.addIssue({ code: 'custom', path: [i, 'extension'], message: `${extension} is a member already` });
          }
          seen.add(extension);
        }
      })
      .default([]),
  })
  .superRefine(checkRecallTarget);

/** A call park group: extensions of which the first free, enabled one takes a parked call. */
export type GroupSettings = z.output<typeof groupSchema>;
/** What people call a group. */
export function groupName(group: Pick<GroupSettings, 'group_id' | 'name'>): string {
  return group.name ?? group.group_id;
}

/** A group as people write it. */
export type GroupSettingsInput = Omit<z.input<typeof groupSchema>, 'group_id'> & { readonly group_id?: string };

/** Reads a group stored or written under the name `groupId`. */
export function parseGroup(groupId: string, json: unknown, at?: readonly PropertyKey[]): Checked<GroupSettings> {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return check(groupSchema, json, at);
  const named: unknown = 'group_id' in json ? json.group_id : groupId;
  const result = check(groupSchema, { ...json, group_id: named }, at);
  if (!result.ok || named === groupId) return result;
  const path = formatPath([...(at ?? []), 'group_id']);
  return { ok: false, issues: [{ path, message: `must be ${groupId}, as the key says, or be left out` }] };
}
