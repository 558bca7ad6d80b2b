/** A UUID as text, in bytes: 32 small hexadecimal digits with four dashes (RFC 9562, 4). */
export const UUID_TEXT_BYTES = 36;
/** ... and what it says. */
export const UUID_BYTES = 16;

const DASH = 0x2d;
/** The digits by what they count. */
export const HEX_DIGITS = Buffer.from('0123456789abcdef');
/** What a digit counts, by its code; -1: it is none, or a capital one. */
export const HEX_VALUES = Int8Array.from({ length: 256 }, (_, code) => HEX_DIGITS.indexOf(code));

/** Reads the text at `at` into the first 16 bytes of `into`; whether a UUID stands there. */
export function readUuidText(text: Uint8Array, at: number, into: Uint8Array): boolean {
  let from = at;
  for (let i = 0; i < UUID_BYTES; i++) {
    if (isAfterDash(i) && text[from++] !== DASH) return false;
    const byte = ((HEX_VALUES[text[from] ?? 0] ?? -1) << 4) | (HEX_VALUES[text[from + 1] ?? 0] ?? -1);
    if (byte < 0) return false;
    into[i] = byte;
    from += 2;
  }
  return true;
}

/** Writes the text of the 16 bytes from `from` on into `text`; tells where it ends. */
export function writeUuidText(bytes: Uint8Array, from: number, text: Uint8Array, at: number): number {
  let to = at;
  for (let i = 0; i < UUID_BYTES; i++) {
    if (isAfterDash(i)) text[to++] = DASH;
    const byte = bytes[from + i] ?? 0;
    text[to++] = HEX_DIGITS[byte >>> 4] ?? 0;
    text[to++] = HEX_DIGITS[byte & 15] ?? 0;
  }
  return to;
}

function isAfterDash(byte: number): boolean {
  return byte === 4 || byte === 6 || byte === 8 || byte === 10;
}
