import { z } from 'zod';
import { type Checked, check, formatPath } from './issues.js';
import { nameSchema } from './policy-settings.js';

/** A group has at most this many members. */
export const MAX_GROUP_MEMBERS = 500;

const groupSchema = z.strictObject({
  group_id: nameSchema,
  /** In the order they are tried, always from the first. */
  members: z
    .array(z.strictObject({ extension: nameSchema, enabled: z.boolean().default(true) }))
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
});

/** A call park group: extensions of which the first free, enabled one takes a parked call. */
export type GroupSettings = z.output<typeof groupSchema>;
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
