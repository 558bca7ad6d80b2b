import { z } from 'zod';
import { type Checked, check } from './issues.js';
import { levelShape } from './policy-settings.js';
import { recallSchema } from './recall-settings.js';

const tenantSchema = z.strictObject({
  /** Off: parks are refused; what is parked already stays retrievable and is rung back. */
  enabled: z.boolean().default(true),
  ...levelShape,
  /** Whom a call that comes back rings, and what happens when nobody answers. */
  recall: recallSchema.optional(),
});

/** A tenant's own values. */
export type TenantSettings = z.output<typeof tenantSchema>;
export type TenantSettingsInput = z.input<typeof tenantSchema>;

/** Reads tenant settings. */
export function parseTenant(json: unknown, at?: readonly PropertyKey[]): Checked<TenantSettings> {
  return check(tenantSchema, json, at);
}

/** The settings of a tenant of whom only lots or groups are stored. */
export const DEFAULT_TENANT: TenantSettings = tenantSchema.parse({});
