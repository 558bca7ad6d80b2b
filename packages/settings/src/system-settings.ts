import { z } from 'zod';
import { durationSchema } from './durations.js';
import { type Checked, check } from './issues.js';
import { presenceTypeSchema } from './policy-settings.js';
import { quotasSchema } from './quota-settings.js';
import { recallSchema } from './recall-settings.js';

const GIB = 1024 ** 3;

const recordsSchema = z.strictObject({
  /** Park history goes when it is older, or when there is more. */
  history_days: z.int().min(1).max(3_650).default(30),
  history_max_bytes: z
    .int()
    .min(1_048_576)
    .max(1_024 * GIB)
    .default(GIB),
  /** The same of the audit. */
  audit_days: z.int().min(1).max(3_650).default(365),
  audit_max_bytes: z
    .int()
    .min(1_048_576)
    .max(1_024 * GIB)
    .default(GIB),
});

/** How long, and how much of, the cluster's records are kept. */
export type RecordsSettings = z.output<typeof recordsSchema>;

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
  /** How long park history and audit are kept. */
  records: recordsSchema.prefault({}),
  /** What a tenant may take that has no quotas of its own. */
  quotas: quotasSchema.optional(),
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
