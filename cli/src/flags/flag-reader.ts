import { UsageFailure } from '../terminal/exit-codes.js';
import { parseTime } from './times.js';
import { type Environment, unknownVariables } from './variables.js';

/** What people say in their own words: nothing at all may be said, too. */
const FREE_TEXTS: ReadonlySet<string> = new Set(['callerName', 'callerNumber', 'note']);

/**
 * Reads the texts of flags. Every fault is kept and all are thrown together by `check`, so that nobody mends a command line
 * one fault at a time. Until then a faulty value reads as its fallback.
 */
export class FlagReader {
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #empty: ReadonlySet<string>;
  readonly #faults: string[];

  /** A misspelt variable of the environment, which commander has read, is the first fault of all; then what is given as nothing. */
  constructor(values: Readonly<Record<string, unknown>>, environment: Environment = process.env) {
    this.#faults = unknownVariables(environment)
      .filter(({ slip }) => slip)
      .map(({ name, nearest }) => `${name} is not known: did you mean ${nearest}? Rename it, or unset it`);
    const empty = Object.keys(values).filter((name) => values[name] === '' && !FREE_TEXTS.has(name));
    for (const name of empty) this.fault(`${dashed(name)} is empty: say what it is, or leave it out`);
    this.#empty = new Set(empty);
    this.#values = Object.fromEntries(Object.entries(values).filter(([name]) => !this.#empty.has(name)));
  }

  /** Throws `UsageFailure` with all faults so far. */
  check(): void {
    if (this.#faults.length > 0) throw new UsageFailure(this.#faults);
  }

  fault(message: string): void {
    this.#faults.push(message);
  }

  has(name: string): boolean {
    return this.#values[name] !== undefined;
  }

  /** Undefined where it was not given. */
  text(name: string): string | undefined {
    const value = this.#values[name];
    return typeof value === 'string' ? value : undefined;
  }

  required(name: string, what: string): string {
    const value = this.text(name) ?? '';
    if (value === '' && !this.#empty.has(name)) this.fault(`${dashed(name)} is missing: ${what}`);
    return value;
  }

  /** Given at all, or `yes`/`no` behind it. */
  boolean(name: string, fallback: boolean): boolean {
    const value = this.#values[name];
    if (typeof value === 'boolean') return value;
    if (typeof value !== 'string') return fallback;
    const word = value.toLowerCase();
    if (['yes', 'true', '1', 'on'].includes(word)) return true;
    if (['no', 'false', '0', 'off'].includes(word)) return false;
    this.fault(`${dashed(name)} must be yes or no, not ${word}`);
    return fallback;
  }

  integer(name: string, min: number, max: number, fallback: number): number {
    const value = this.text(name);
    if (value === undefined) return fallback;
    const number = /^\d+$/.test(value) ? Number(value) : Number.NaN;
    if (number >= min && number <= max) return number;
    this.fault(`${dashed(name)} must be a whole number from ${min} to ${max}, not ${value}`);
    return fallback;
  }

  /** In milliseconds. */
  time(name: string, minMs: number, maxMs: number, fallbackMs: number): number {
    const value = this.text(name);
    if (value === undefined) return fallbackMs;
    const ms = parseTime(value);
    if (ms !== undefined && ms >= minMs && ms <= maxMs) return ms;
    this.fault(`${dashed(name)} must be a time from ${minMs} ms to ${maxMs / 1000} s such as 5s, not ${value}`);
    return fallbackMs;
  }

  oneOf<Word extends string>(name: string, words: readonly Word[], fallback: Word): Word {
    const value = this.text(name);
    if (value === undefined) return fallback;
    const word = words.find((known) => known === value);
    if (word === undefined) this.fault(`${dashed(name)} must be one of ${words.join(', ')}, not ${value}`);
    return word ?? fallback;
  }

  /** `host:port`. */
  address(name: string): string {
    const value = this.text(name) ?? '';
    if (!isAddress(value)) this.fault(`${dashed(name)} must be host:port such as 127.0.0.1:7275, not ${value}`);
    return value;
  }

  /** `host:port` to listen on; undefined where it was not given. */
  listenAddress(name: string): { readonly host: string; readonly port: number } | undefined {
    if (!this.has(name)) return undefined;
    const text = this.address(name);
    const colon = text.lastIndexOf(':');
    return { host: text.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(text.slice(colon + 1)) };
  }

  /** Words with commas between them; none where it was not given. */
  list(name: string): readonly string[] {
    return (this.text(name) ?? '').split(',').filter((word) => word !== '');
  }

  /** `host:port,…`, also as `http:` or `https:` URLs; undefined where it was not given. */
  endpoints(name: string): readonly string[] | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const endpoints = value.split(',').filter((endpoint) => endpoint !== '');
    const good = endpoints.every((endpoint) => isAddress(endpoint.replace(/^https?:\/\//, '').replace(/\/$/, '')));
    if (endpoints.length === 0 || !good) {
      this.fault(`${dashed(name)} must be host:port, several with commas between them, not ${value}`);
    }
    return endpoints;
  }
}

function isAddress(text: string): boolean {
  const match = /^(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):(\d{1,5})$/.exec(text);
  return match !== null && Number(match[1]) <= 65_535;
}

function dashed(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
