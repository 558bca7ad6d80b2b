import { isName } from '@parkade/ids';
import { type DurationKind, durationFault } from '../durations.js';
import { formatPath, type Issue, MAX_ISSUES } from '../issues.js';
import { isPresenceId, PRESENCE_TYPES, type PresenceTypeName } from '../policy-settings.js';

/** Whether `value` is a JSON object. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Reads the fields of one object of a flow document, one by one, adding what is wrong to `issues`. Absent and null are the
 * same: undefined. A fault also reads as undefined.
 */
export class FieldReader {
  readonly #taken = new Set<string>();

  constructor(
    readonly json: Readonly<Record<string, unknown>>,
    readonly path: readonly string[],
    readonly issues: Issue[],
  ) {}

  /** The raw field. */
  take(key: string): unknown {
    this.#taken.add(key);
    return Object.hasOwn(this.json, key) ? this.json[key] : undefined;
  }

  /** Paths of the keys that nobody asked for. */
  rest(): string[] {
    return Object.keys(this.json)
      .filter((key) => !this.#taken.has(key))
      .map((key) => formatPath([...this.path, key]));
  }

  flag(key: string): boolean | undefined {
    const value = this.take(key);
    if (value === undefined || value === null) return undefined;
    if (value === true || value === 'true') return true;
    if (value === false || value === 'false') return false;
    return this.#fault(key, 'must be true or false');
  }

  /** A whole number from 0 on. */
  count(key: string): number | undefined {
    const value = this.#number(key);
    if (value === undefined || Number.isSafeInteger(value)) return value;
    return this.#fault(key, 'must be a whole number');
  }

  /** A length of time in ms. */
  duration(key: string, kind: DurationKind): number | undefined {
    const value = this.#number(key);
    const fault = value === undefined ? undefined : durationFault(value, kind);
    return fault === undefined ? value : this.#fault(key, fault);
  }

  /** A slot id; a number stands for its decimal string. */
  name(key: string): string | undefined {
    const value = this.take(key);
    if (value === undefined || value === null) return undefined;
    const text = typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? String(value) : value;
    if (typeof text === 'string' && isName(text)) return text;
    return this.#fault(key, 'must be a name: 1 to 64 printable ASCII characters without blanks');
  }

  oneOf<T extends string>(key: string, values: readonly T[]): T | undefined {
    const value = this.take(key);
    if (value === undefined || value === null) return undefined;
    return values.find((known) => known === value) ?? this.#fault(key, `must be one of ${values.join(', ')}`);
  }

  /** One setting with several spellings; two that differ are a fault. */
  presenceType(keys: readonly string[]): PresenceTypeName | undefined {
    let found: { key: string; value: PresenceTypeName } | undefined;
    for (const key of keys) {
      const value = this.oneOf(key, PRESENCE_TYPES);
      if (value === undefined) continue;
      if (found !== undefined && found.value !== value) {
        return this.#fault(key, `is another spelling of ${found.key}, which says ${found.value}`);
      }
      found ??= { key, value };
    }
    return found?.value;
  }

  presenceId(key: string): string | undefined {
    const value = this.take(key);
    if (value === undefined || value === null) return undefined;
    if (typeof value === 'string' && isPresenceId(value)) return value;
    return this.#fault(key, 'must be 1 to 128 printable ASCII characters without blanks');
  }

  #number(key: string): number | undefined {
    const value = this.take(key);
    if (value === undefined || value === null) return undefined;
    if (typeof value === 'number') return value >= 0 ? value : this.#fault(key, 'must not be negative');
    if (typeof value === 'string' && /^[0-9]{1,15}$/.test(value)) return Number(value);
    return this.#fault(key, 'must be a number, or a string of decimal digits');
  }

  #fault(key: string, message: string): undefined {
    if (this.issues.length < MAX_ISSUES) this.issues.push({ path: formatPath([...this.path, key]), message });
    return undefined;
  }
}
