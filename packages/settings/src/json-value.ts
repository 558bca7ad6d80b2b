import type { Checked } from './issues.js';

/** A stored settings value is at most this long, in bytes. */
export const MAX_VALUE_BYTES = 512 * 1024;

const decoder = new TextDecoder('utf-8', { fatal: true });

/** JSON as it is stored. */
export function encodeJson(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value), 'utf8');
}

/** What is stored, as JSON. */
export function decodeJson(bytes: Uint8Array): Checked<unknown> {
  if (bytes.byteLength > MAX_VALUE_BYTES) return fault(`is longer than ${MAX_VALUE_BYTES} bytes`);
  try {
    return { ok: true, value: JSON.parse(decoder.decode(bytes)) as unknown };
  } catch (error) {
    return fault(`is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function fault(message: string): Checked<never> {
  return { ok: false, issues: [{ path: '', message }] };
}
