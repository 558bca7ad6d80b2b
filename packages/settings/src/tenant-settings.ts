import { z } from 'zod';
import { type Checked, check } from './issues.js';
import { featureCodesSchema } from './media/feature-codes.js';
import { escapeSchema, holdSchema } from './media/hold-settings.js';
import { pageSchema, parkInfoSchema } from './media/notice-settings.js';
import { levelShape, nameSchema } from './policy-settings.js';
import { recallSchema } from './recall-settings.js';

/** An extension as users have one. */
export const extensionNumberSchema = z.string().regex(/^[0-9]{3,64}$/, { error: 'must be 3 to 64 digits' });

const tenantSchema = z.strictObject({
  /** Off: parks are refused; what is parked already stays retrievable and is rung back. */
  enabled: z.boolean().default(true),
  /** The number callers of the park server dial: 3 to 64 digits. */
  extension_number: extensionNumberSchema.optional(),
  /** The file that is played to who is parked. */
  prompt_file_id: nameSchema.optional(),
  /** The feature codes of its phones; what is left out keeps its default. */
  codes: featureCodesSchema.optional(),
  /** What parked callers hear. */
  hold: holdSchema.optional(),
  /** The key with which a parked caller leaves. */
  escape: escapeSchema.optional(),
  /** Phones that speak by themselves when a call is parked. */
  page: pageSchema.optional(),
  /** Who is told of parked calls without having subscribed; absent: nobody. */
  park_info: parkInfoSchema.optional(),
  /** Whether lamps are told to the switches too, for phones that subscribe there. */
  switch_lamps: z.boolean().optional(),
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
