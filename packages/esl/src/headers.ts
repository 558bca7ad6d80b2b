import { urlDecode } from './url-decode.js';

const ARRAY_PREFIX = 'ARRAY::';
const ARRAY_SEPARATOR = '|:';

/** The headers of a frame or an event. Names are matched exactly as FreeSWITCH writes them. */
export class EslHeaders {
  readonly #fields: Readonly<Record<string, unknown>>;

  /** @param fields values are strings, or arrays of strings; anything else reads as absent. */
  constructor(fields: Readonly<Record<string, unknown>>) {
    this.#fields = fields;
  }

  /**
   * The value of `name`; of a header with several values, all of them in FreeSWITCH's own `ARRAY::a|:b` writing, so
   * that JSON and plain events read alike. `undefined` when absent.
   */
  get(name: string): string | undefined {
    const value = Object.hasOwn(this.#fields, name) ? this.#fields[name] : undefined;
    if (typeof value === 'string') return value;
    return isStringArray(value) ? ARRAY_PREFIX + value.join(ARRAY_SEPARATOR) : undefined;
  }

  /** Every value of `name`, none when absent. */
  list(name: string): readonly string[] {
    const value = this.get(name);
    if (value === undefined) return [];
    return value.startsWith(ARRAY_PREFIX) ? value.slice(ARRAY_PREFIX.length).split(ARRAY_SEPARATOR) : [value];
  }

  /** Names in the order FreeSWITCH wrote them. */
  names(): readonly string[] {
    return Object.keys(this.#fields);
  }

  /** A plain copy, for tests and logs. */
  toJSON(): Record<string, string> {
    return Object.fromEntries(this.names().map((name) => [name, this.get(name) ?? '']));
  }
}

/**
 * Reads `Name: value` lines (no blank line at the end). Of a name that comes twice the last counts, as in JSON events;
 * a line without a colon is skipped. Never throws.
 *
 * @param decode whether values are url-encoded, as in plain events and the connect reply.
 */
export function parseHeaderBlock(text: string, decode: boolean): EslHeaders {
  const fields = Object.create(null) as Record<string, string>;
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':');
    if (colon <= 0) continue;
    const value = line.slice(line.charCodeAt(colon + 1) === 0x20 ? colon + 2 : colon + 1);
    fields[line.slice(0, colon)] = decode ? urlDecode(value) : value;
  }
  return new EslHeaders(fields);
}

function isStringArray(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
