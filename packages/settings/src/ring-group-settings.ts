import { z } from 'zod';
import { durationSchema } from './durations.js';
import { type Checked, check, formatPath } from './issues.js';
import { nameSchema } from './policy-settings.js';

/** A ring group has at most this many members. */
export const MAX_RING_GROUP_MEMBERS = 32;

/** Ring groups stand in each other at most this deep. */
export const MAX_RING_GROUP_DEPTH = 4;

/**
 * How a ring group's members are rung. `simultaneous`: all together, each after its delay. `sequential`: one after the other,
 * in their order. `round_robin`: one after the other, beginning with the one after who was first last time. `random`: one
 * after the other, in a random order.
 */
export const RING_STRATEGIES = ['simultaneous', 'sequential', 'round_robin', 'random'] as const;
export type RingStrategy = (typeof RING_STRATEGIES)[number];

const memberSchema = z
  .strictObject({
    extension: nameSchema.optional(),
    /** Another ring group in this place. */
    ring_group_id: nameSchema.optional(),
    /** Before it is rung, in ms: from the beginning, or where members take turns, from the end of the one before. */
    delay_ms: durationSchema('grace').default(0),
    /** How long it is rung, in ms; not for a group, whose members have their own. */
    timeout_ms: durationSchema('ring').optional(),
  })
  .superRefine((member, context) => {
    if ((member.extension === undefined) === (member.ring_group_id === undefined)) {
      context.addIssue({
        code: 'custom',
        path: ['extension'],
        message: 'either extension or ring_group_id is required',
      });
    }
    if (member.ring_group_id !== undefined && member.timeout_ms !== undefined) {
      context.addIssue({
        code: 'custom',
        path: ['timeout_ms'],
        message: 'a group has none: its members have their own',
      });
    }
  });

const ringGroupSchema = z.strictObject({
  ring_group_id: nameSchema,
  strategy: z.enum(RING_STRATEGIES, { error: `must be one of ${RING_STRATEGIES.join(', ')}` }).default('simultaneous'),
  members: z
    .array(memberSchema)
    .min(1, { error: 'a ring group needs at least one member' })
    .max(MAX_RING_GROUP_MEMBERS, { error: `at most ${MAX_RING_GROUP_MEMBERS} members` })
    .superRefine((members, context) => {
      const seen = new Set<string>();
      for (const [i, { extension, ring_group_id }] of members.entries()) {
        const field = extension === undefined ? 'ring_group_id' : 'extension';
        const name = extension ?? ring_group_id ?? '';
        if (seen.has(`${field} ${name}`)) {
          context.addIssue({ code: 'custom', path: [i, field], message: `${name} is a member already` });
        }
        seen.add(`${field} ${name}`);
      }
    }),
});

/** Extensions that are rung for a call that comes back. */
export type RingGroupSettings = z.output<typeof ringGroupSchema>;
/** A ring group as people write it. */
export type RingGroupSettingsInput = Omit<z.input<typeof ringGroupSchema>, 'ring_group_id'> & {
  readonly ring_group_id?: string;
};

/** Reads a ring group stored or written under the name `groupId`. */
export function parseRingGroup(
  groupId: string,
  json: unknown,
  at?: readonly PropertyKey[],
): Checked<RingGroupSettings> {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return check(ringGroupSchema, json, at);
  const named: unknown = 'ring_group_id' in json ? json.ring_group_id : groupId;
  const result = check(ringGroupSchema, { ...json, ring_group_id: named }, at);
  if (!result.ok || named === groupId) return result;
  const path = formatPath([...(at ?? []), 'ring_group_id']);
  return { ok: false, issues: [{ path, message: `must be ${groupId}, as the key says, or be left out` }] };
}
