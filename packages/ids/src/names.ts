/**
 * Names people choose: tenants, lots, slots, extensions, groups, media nodes. They are strings and stay what they are
 * ("7" and "007" differ); one rule for all of them: 1 to 64 printable ASCII characters without blanks.
 */
const NAME = /^[\x21-\x7e]{1,64}$/;

/** The lot that is meant where a request names none. */
export const DEFAULT_LOT = 'default';

/** The lot whose slots are the tenant's extensions. */
export const EXTENSION_LOT = '_extensions';

/** The hidden lot where a call waits that has no slot, so that no accepted call is without durable state. */
export const HOLDING_LOT = '_holding';

/** Whether `value` may name a tenant, lot, slot, extension, group or media node. */
export function isName(value: string): boolean {
  return NAME.test(value);
}

/** Whether `value` is free text of at most `maxLength` characters without control characters. */
export function isText(value: string, maxLength: number): boolean {
  return value.length <= maxLength && !/\p{Cc}/u.test(value);
}

/**
 * A name as one token of a store key or of a bus subject: letters, digits, `_` and `-` stay, every other byte becomes `=XX`
 * (upper-case hex). So no name can contain a separator (`/`, `.`), a wildcard (`*`, `>`) or a blank, and every token decodes
 * to exactly one name.
 */
export function encodeToken(name: string): string {
  if (/^[A-Za-z0-9_-]*$/.test(name)) return name;
  let out = '';
  for (const byte of Buffer.from(name, 'utf8')) {
    const char = String.fromCharCode(byte);
    out += /[A-Za-z0-9_-]/.test(char) ? char : `=${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return out;
}

/** The name a token stands for; undefined when it is not a token that `encodeToken` makes. */
export function decodeToken(token: string): string | undefined {
  if (!/^(?:[A-Za-z0-9_-]|=[0-9A-F]{2})*$/.test(token)) return undefined;
  const bytes = token.replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  const name = Buffer.from(bytes, 'latin1').toString('utf8');
  return encodeToken(name) === token ? name : undefined;
}
