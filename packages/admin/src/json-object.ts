import { isObject } from '@parkade/settings';

/** A stored value as an object whose fields can be changed one by one; anything else is an empty one. */
export function objectOf(json: unknown): Record<string, unknown> {
  return isObject(json) ? { ...json } : {};
}

/** `json` with the fields of `patch` that are not undefined. */
export function patched(json: unknown, patch: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const result = objectOf(json);
  for (const [key, value] of Object.entries(patch)) if (value !== undefined) result[key] = value;
  return result;
}
