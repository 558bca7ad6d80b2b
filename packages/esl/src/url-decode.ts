/**
 * Decodes the `%XX` of a plain event's or connect reply's value; `+` stays as it is.
 *
 * Never throws: an incomplete escape stays literal and bytes that are no UTF-8 become U+FFFD. FreeSWITCH does not
 * encode a `%` that already looks like an escape, so plain values are not reversible; JSON events are.
 */
export function urlDecode(value: string): string {
  if (!value.includes('%')) return value;
  try {
    return decodeURIComponent(value);
  } catch {
    return decodeLeniently(value);
  }
}

function decodeLeniently(value: string): string {
  const bytes = Buffer.from(value, 'utf8');
  let to = 0;
  for (let from = 0; from < bytes.length; from++, to++) {
    const escaped = bytes[from] === 0x25 ? hexByte(bytes, from + 1) : undefined;
    bytes[to] = escaped ?? bytes[from] ?? 0;
    if (escaped !== undefined) from += 2;
  }
  return bytes.toString('utf8', 0, to);
}

function hexByte(bytes: Buffer, at: number): number | undefined {
  const digits = bytes.toString('latin1', at, at + 2);
  return /^[0-9a-fA-F]{2}$/.test(digits) ? Number.parseInt(digits, 16) : undefined;
}
