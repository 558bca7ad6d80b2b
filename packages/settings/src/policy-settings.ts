import { isName } from '@parkade/ids';
import { z } from 'zod';
import { durationSchema } from './durations.js';

/** What the lamp of an occupied slot shows. */
export const PRESENCE_TYPES = ['early', 'confirmed', 'terminated'] as const;
export type PresenceTypeName = (typeof PRESENCE_TYPES)[number];

export const presenceTypeSchema = z.enum(PRESENCE_TYPES, { error: `must be one of ${PRESENCE_TYPES.join(', ')}` });

/** Whether `value` may be the id of a lamp: 1 to 128 printable ASCII characters without blanks. */
export function isPresenceId(value: string): boolean {
  return /^[\x21-\x7e]{1,128}$/.test(value);
}

export const presenceIdSchema = z
  .string()
  .refine(isPresenceId, { error: 'must be 1 to 128 printable ASCII characters without blanks' });

export const nameSchema = z
  .string()
  .refine(isName, { error: 'must be a name: 1 to 64 printable ASCII characters without blanks' });

/** The values that system, tenant and lot can set, each by itself; absent: the next level decides. */
export const levelShape = {
  /** How long a call waits before its parker is rung, in ms; 0: for ever. */
  ringback_timeout_ms: durationSchema('wait').optional(),
  /** How long the parker is rung, in ms. */
  callback_timeout_ms: durationSchema('ring').optional(),
  /** What the lamp of an occupied slot shows. */
  presence_type: presenceTypeSchema.optional(),
  /** The longest stay, in ms; 0: no bound. */
  max_park_ms: durationSchema('wait').optional(),
  /** How long a reservation outlives its consulting call when the attended transfer ended it, in ms; 0: not at all. */
  transfer_grace_ms: durationSchema('grace').optional(),
};

/** One level's values. */
export type LevelSettings = z.output<z.ZodObject<typeof levelShape>>;

/** One slot's own values, named as in the flow's `slots` object; timeouts in ms. */
export const slotOverridesSchema = z.strictObject({
  ringback_timeout: durationSchema('wait').optional(),
  callback_timeout: durationSchema('ring').optional(),
  presence_type: presenceTypeSchema.optional(),
  presence_id: presenceIdSchema.optional(),
});
export type SlotOverrides = z.output<typeof slotOverridesSchema>;
