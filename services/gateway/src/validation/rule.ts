import type { Duration } from '@parkade/proto';
import type { Reason } from '@parkade/proto';
import { isName, isText } from '@parkade/ids';
import { durationMs } from '@parkade/rpc';

/** What is wrong with one field. `path` is written as in the protos: `call.call_id`. */
export interface Fault {
  readonly path: string;
  /** Goes on after "The field <path> ": what it must be. */
  readonly must: string;
  /** Default INVALID_FIELD. */
  readonly reason?: Reason | undefined;
}

/** Judges one value; undefined: it is good. Pure. */
export type Rule<Value> = (value: Value, nowMs: number) => Fault | undefined;

const NAME_MUST = 'must be 1 to 64 printable ASCII characters without blanks';

function fault(must: string, reason?: Reason): Fault {
  return { path: '', must, reason };
}

/** A name: tenant, lot, slot, extension, group, media node. */
export const name: Rule<string> = (value) => {
  if (value === '') return fault(`is missing: it ${NAME_MUST}`);
  return isName(value) ? undefined : fault(NAME_MUST);
};

/** Free text of at most `maxLength` characters without control characters; may be empty. */
export function text(maxLength: number): Rule<string> {
  const must = `must be at most ${maxLength} characters without control characters`;
  return (value) => (isText(value, maxLength) ? undefined : fault(must));
}

/** Printable ASCII (blanks too), at most `maxLength`; may be empty. */
export function printable(maxLength: number): Rule<string> {
  const must = `must be at most ${maxLength} printable ASCII characters`;
  return (value) => (value.length <= maxLength && /^[\x20-\x7e]*$/.test(value) ? undefined : fault(must));
}

/** The same, and it must not be empty. */
export function filled(rule: Rule<string>, what: string): Rule<string> {
  return (value, nowMs) => (value === '' ? fault(`is missing: give ${what}`) : rule(value, nowMs));
}

/** Empty, or as `rule` says. */
export function optional(rule: Rule<string>): Rule<string> {
  return (value, nowMs) => (value === '' ? undefined : rule(value, nowMs));
}

/** A number of the enum this version knows. `UNSPECIFIED` is known. */
export function known(values: Readonly<Record<string, string | number>>): Rule<number> {
  const numbers = new Set(Object.values(values).filter((value) => typeof value === 'number' && value >= 0));
  const names = Object.keys(values).filter((key) => Number.isNaN(Number(key)) && key !== 'UNRECOGNIZED');
  const must = `must be one of ${names.join(', ')}`;
  return (value) => (numbers.has(value) ? undefined : fault(must));
}

/** A whole number from `min` to `max`. */
export function within(min: number, max: number): Rule<number> {
  return (value) => (value >= min && value <= max ? undefined : fault(`must be from ${min} to ${max}`));
}

/** A length of time; absent is good. `zero` says what 0 stands for, where it is allowed. */
export function length(minMs: number, maxMs: number, zero?: string): Rule<Duration | undefined> {
  const range = `${minMs / 1_000} s to ${maxMs / 1_000} s`;
  const must = `must be ${zero === undefined ? '' : `0 (${zero}) or `}${range}; the unit is the one of google.protobuf.Duration`;
  return (value) => {
    if (value === undefined) return undefined;
    const normal = value.nanos >= 0 && value.nanos < 1_000_000_000 && Number.isSafeInteger(value.seconds);
    if (!normal || value.seconds < 0) return fault(must);
    if (value.seconds === 0 && value.nanos === 0) return zero === undefined ? fault(must) : undefined;
    const ms = durationMs(value);
    return ms >= minMs && ms <= maxMs ? undefined : fault(must);
  };
}

/** A message that must be there. */
export function required<Message>(rule: Rule<Message>, what: string): Rule<Message | undefined> {
  return (value, nowMs) => (value === undefined ? fault(`is missing: give ${what}`) : rule(value, nowMs));
}

/** A message that may be absent. */
export function present<Message>(rule: Rule<Message>): Rule<Message | undefined> {
  return (value, nowMs) => (value === undefined ? undefined : rule(value, nowMs));
}

/** Each element of a list. */
export function each<Element>(rule: Rule<Element>, max: number): Rule<readonly Element[]> {
  return (values, nowMs) => {
    if (values.length > max) return fault(`must have at most ${max} entries`);
    for (const value of values) {
      const found = rule(value, nowMs);
      if (found !== undefined) return found;
    }
    return undefined;
  };
}

/** A message: each named field by its own rule, in the order they are written. */
export function message<Message extends object>(rules: {
  readonly [Field in keyof Message]?: Rule<Message[Field]>;
}): Rule<Message> {
  const fields = Object.keys(rules) as (keyof Message & string)[];
  return (value, nowMs) => {
    for (const field of fields) {
      const found = rules[field]?.(value[field], nowMs);
      if (found !== undefined) return { ...found, path: join(snake(field), found.path) };
    }
    return undefined;
  };
}

interface Case {
  readonly $case: string;
  readonly value: unknown;
}

type Rules<Union extends Case> = {
  readonly [Name in Union['$case']]: Rule<Extract<Union, { readonly $case: Name }>['value']>;
};

/** A oneof that must be set. The path names the case that is; the names of all when none is. */
export function oneOf<Union extends Case>(rules: Rules<Union>): Rule<Union | undefined> {
  const names = Object.keys(rules).map(snake);
  const missing: Fault = { path: '', must: `is missing: set exactly one of ${names.join(', ')}` };
  return (value, nowMs) => {
    if (value === undefined) return missing;
    const rule = rules[value.$case as Union['$case']] as Rule<unknown>;
    const found = rule(value.value, nowMs);
    return found === undefined ? undefined : { ...found, path: join(snake(value.$case), found.path) };
  };
}

/** A oneof's own name is part of a path only where none of its cases is set: a case is addressed as a field of its message. */
export function transparent<Value>(rule: Rule<Value>): Rule<Value> {
  return (value, nowMs) => {
    const found = rule(value, nowMs);
    return found === undefined || found.path === '' ? found : { ...found, path: `^${found.path}` };
  };
}

function join(field: string, rest: string): string {
  if (rest.startsWith('^')) return rest.slice(1);
  return rest === '' ? field : `${field}.${rest}`;
}

function snake(camel: string): string {
  return camel.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
