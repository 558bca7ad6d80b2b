/** What an `originate` or a `bridge` is to call. */
export interface DialString {
  readonly variables: ReadonlyMap<string, string>;
  /** For example `sofia/internal/1001@example.com`. */
  readonly endpoint: string;
}

/** `undefined` when the brackets do not close, which FreeSWITCH answers with DESTINATION_OUT_OF_ORDER. */
export function parseDialString(text: string): DialString | undefined {
  if (!text.startsWith('{')) return { variables: new Map(), endpoint: text };
  const end = closing(text);
  if (end < 0) return undefined;
  let inside = text.slice(1, end);
  let separator = ',';
  if (inside.startsWith('^^')) {
    separator = inside[2] ?? ',';
    inside = inside.slice(3);
  }
  const pairs = split(inside, separator).map((pair): [string, string] => {
    const equals = pair.indexOf('=');
    return equals < 0 ? [pair, ''] : [pair.slice(0, equals), unquote(pair.slice(equals + 1))];
  });
  return { variables: new Map(pairs), endpoint: text.slice(end + 1) };
}

/** Splits at a separator outside single quotes. Empty pieces are left out, as FreeSWITCH does with blanks. */
export function split(text: string, separator: string): string[] {
  const parts: string[] = [];
  let part = '';
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const letter = text.charAt(at);
    if (letter === '\\' && at + 1 < text.length) part += letter + text.charAt(++at);
    else if (letter === separator && !quoted) {
      parts.push(part);
      part = '';
    } else {
      if (letter === "'") quoted = !quoted;
      part += letter;
    }
  }
  parts.push(part);
  return parts.filter((piece) => piece !== '');
}

/** Takes single quotes off, and reads `\s` as a blank and `\'` as a quote. */
export function unquote(text: string): string {
  const bare = text.startsWith("'") && text.endsWith("'") && text.length > 1 ? text.slice(1, -1) : text;
  return bare.replace(/\\s/g, ' ').replace(/\\(['"\\,])/g, '$1');
}

function closing(text: string): number {
  let quoted = false;
  for (let at = 1; at < text.length; at++) {
    if (text.charAt(at) === '\\') at++;
    else if (text.charAt(at) === "'") quoted = !quoted;
    else if (text.charAt(at) === '}' && !quoted) return at;
  }
  return -1;
}
