import { type Checked, check, extensionNumberSchema } from '@parkade/settings';
import { z } from 'zod';

/** Names of users that only the system has, in lower case. */
const RESERVED_NAMES = new Set(['admin', 'system', 'administrator', 'root']);

const nameSchema = z
  .string()
  .regex(/^[A-Za-z0-9_'.-]{1,64}$/, { error: "must be 1 to 64 letters, digits and _ - ' ." })
  .regex(/^(?!\.).*(?<!\.)$/, { error: 'must not begin or end with a period' })
  .refine((name) => !RESERVED_NAMES.has(name.toLowerCase()), { error: 'is reserved' });

const userSchema = z.strictObject({
  id: z.string().min(1).max(64),
  /** The account, unique in the tenant whatever the case. */
  name: nameSchema,
  /** At most 1,024 characters. */
  display_name: z
    .string()
    .regex(/^\P{Surrogate}{0,1024}$/u, { error: 'must be text of at most 1,024 characters' })
    .default(''),
  extension_number: extensionNumberSchema,
});

/** A user of a tenant: an extension with a name. The extension does not change. */
export type User = z.output<typeof userSchema>;

/** Reads a user as it is stored or written. */
export function parseUser(json: unknown): Checked<User> {
  return check(userSchema, json);
}

/** What stands for a member of whom no user is stored: a group that was written as a document may have some. */
export function namelessUser(extension: string): User {
  return { id: extension, name: extension, display_name: '', extension_number: extension };
}
