import { z } from 'zod';
import { durationSchema } from './durations.js';
import { nameSchema } from './policy-settings.js';

/**
 * Whom a call rings that comes back. `USER_ONLY`: its parker, again and again. `USER_FIRST_THEN_RING_GROUP`: its parker once,
 * then the ring group, and never the parker again. `RING_GROUP_ONLY`: the ring group, never the parker.
 */
export const RECALL_TO = ['USER_ONLY', 'USER_FIRST_THEN_RING_GROUP', 'RING_GROUP_ONLY'] as const;
export type RecallTo = (typeof RECALL_TO)[number];

export const recallToSchema = z.enum(RECALL_TO, { error: `must be one of ${RECALL_TO.join(', ')}` });

/** The two ring-group modes need a ring group, and nothing else takes one. */
export function checkRecallTarget(
  {
    recall_to,
    ring_group_id,
  }: { readonly recall_to?: RecallTo | undefined; readonly ring_group_id?: string | undefined },
  context: z.RefinementCtx,
): void {
  const groupMode = recall_to !== undefined && recall_to !== 'USER_ONLY';
  if (groupMode && ring_group_id === undefined) {
    context.addIssue({ code: 'custom', path: ['ring_group_id'], message: `is required with ${recall_to}` });
  }
  if (!groupMode && ring_group_id !== undefined) {
    const message = `is only valid with recall_to ${RECALL_TO[1]} or ${RECALL_TO[2]}`;
    context.addIssue({ code: 'custom', path: ['ring_group_id'], message });
  }
}

/** No call is rung back more often than this by setting; 0 stands for no bound. */
export const MAX_RECALL_ATTEMPTS = 10_000;

/** A ring group is waited for no longer: 15 minutes, in ms. */
export const MAX_GROUP_TIME_MS = 900_000;

/** The placeholders a caller id template knows. */
export const CALLER_ID_FIELDS = ['slot', 'name', 'number', 'parker'] as const;

/** Where a call goes on that leaves its slot unanswered. `wait`: it does not leave. */
export const recallExitSchema = z.discriminatedUnion(
  'to',
  [
    /** A dial-plan destination. */
    z.strictObject({
      to: z.literal('destination'),
      destination: z
        .string()
        .regex(/^[\x21-\x7e]{1,128}$/, { error: 'must be 1 to 128 printable ASCII characters without blanks' }),
    }),
    /** A voice mailbox; without one, the parker's. */
    z.strictObject({ to: z.literal('voicemail'), mailbox: nameSchema.optional() }),
    z.strictObject({ to: z.literal('ring_group'), ring_group_id: nameSchema }),
    z.strictObject({ to: z.literal('disconnect') }),
    z.strictObject({ to: z.literal('wait') }),
  ],
  { error: 'must have `to`: destination, voicemail, ring_group, disconnect or wait' },
);
export type RecallExit = z.output<typeof recallExitSchema>;

const templateSchema = z
  .string()
  .max(128, { error: 'at most 128 characters' })
  .regex(/^\P{Cc}+$/u, { error: 'must be text without control characters, and not empty' })
  .superRefine((template, context) => {
    for (const [, field = ''] of template.matchAll(/\{([^}]*)\}/g)) {
      if (CALLER_ID_FIELDS.some((known) => known === field)) continue;
      const known = CALLER_ID_FIELDS.map((name) => `{${name}}`).join(', ');
      context.addIssue({ code: 'custom', message: `{${field}} is no placeholder; there are ${known}` });
    }
  });

/**
 * What a lot, a tenant or the system says about recalls. Each value by itself, the first level that has one: lot, tenant,
 * system; `recall_to` and `ring_group_id` go together.
 */
export const recallSchema = z
  .strictObject({
    recall_to: recallToSchema.optional(),
    /** Required with, and only valid with, the two ring-group modes. */
    ring_group_id: nameSchema.optional(),
    /** How long the parker is rung before the ring group, and the ring group after that, in ms. */
    ring_group_time_ms: z
      .number({ error: 'must be a number of ms' })
      .int({ error: 'must be a whole number of ms' })
      .min(1_000, { error: 'must be at least 1000: the unit is ms' })
      .max(MAX_GROUP_TIME_MS, { error: `must be at most ${MAX_GROUP_TIME_MS} ms` })
      .optional(),
    /** From a recall that failed to the next, in ms; 0: the time the call was parked for, again. */
    retry_interval_ms: durationSchema('wait').optional(),
    /** Recalls before the fallback; 0: no bound. */
    attempts: z
      .number()
      .int({ error: 'must be a whole number' })
      .min(0, { error: 'must not be negative' })
      .max(MAX_RECALL_ATTEMPTS, { error: `must be at most ${MAX_RECALL_ATTEMPTS}` })
      .optional(),
    /** When the attempts are over, or nobody can be rung. */
    fallback: recallExitSchema.optional(),
    /** What the phone that is rung shows as the caller's name. */
    caller_id: templateSchema.optional(),
    /** `Alert-Info` of the ringing calls; empty: none. */
    alert_info: z
      .string()
      .regex(/^[\x20-\x7e]{0,128}$/, { error: 'must be at most 128 printable ASCII characters' })
      .optional(),
    /** Whether a recall follows the parker's own forwarding and voicemail. */
    follow_forwarding: z.boolean().optional(),
  })
  .superRefine(checkRecallTarget);
export type RecallSettings = z.output<typeof recallSchema>;
