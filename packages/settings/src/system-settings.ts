import { z } from 'zod';
import { durationSchema } from './durations.js';
import { type Checked, check } from './issues.js';
import { presenceTypeSchema } from './policy-settings.js';
import { recallSchema } from './recall-settings.js';

const systemSchema = z.strictObject({
  ringback_timeout_ms: durationSchema('wait').default(120_000),
  /** The same in the tenants' lot of extensions: the park server's recall time. */
  extension_ringback_timeout_ms: durationSchema('wait').default(300_000),
  callback_timeout_ms: durationSchema('ring').default(30_000),
  presence_type: presenceTypeSchema.default('early'),
  max_park_ms: durationSchema('wait').default(0),
  transfer_grace_ms: durationSchema('grace').default(5_000),
  /** Whom a call that comes back rings, and what happens when nobody answers. */
  recall: recallSchema.optional(),
});

/** What holds where no other level says anything. Keys as in `LevelSettings`, all present. */
export type SystemSettings = z.output<typeof systemSchema>;
export type SystemSettingsInput = z.input<typeof systemSchema>;

/** Reads system settings; what is absent gets its default. */
export function parseSystem(json: unknown, at?: readonly PropertyKey[]): Checked<SystemSettings> {
  return check(systemSchema, json, at);
}

/** The settings of a system that nobody has set. */
export const DEFAULT_SYSTEM: SystemSettings = systemSchema.parse({});
