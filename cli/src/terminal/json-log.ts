import type { Clock } from '@parkade/clock';
import type { Log } from '@parkade/rpc';
import { pino } from 'pino';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'off'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** What is not a component's to use as a field's name. */
const OWN_FIELDS: ReadonlySet<string> = new Set(['time', 'level', 'event']);

/** Fields that hold a secret, should anybody ever log one: their values are not written. */
const SECRETS = ['token', 'password', 'authorization', 'secret', 'key'];

/**
 * A log of JSON lines: `{"level":"warn","time":"…","event":"…", …fields}`. What is below `level` is left out; `debug` adds a
 * line for every change of a slot. A field named like one of the first three is kept as `field.<name>`.
 */
export function jsonLog(level: LogLevel, write: (line: string) => void, clock: Clock): Log {
  const logger = pino(
    {
      level: level === 'off' ? 'silent' : level,
      base: null,
      timestamp: () => `,"time":"${new Date(clock.nowMs()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: SECRETS, censor: '[hidden]' },
    },
    { write: (line: string) => write(line.trimEnd()) },
  );
  const at =
    (own: 'debug' | 'info' | 'warn' | 'error') =>
    (event: string, fields: Readonly<Record<string, unknown>> = {}): void =>
      logger[own]({ event, ...plain(fields) });
  return {
    debug: level === 'debug' ? at('debug') : undefined,
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
  };
}

/** Errors and big numbers say nothing, or throw, as JSON makes them. */
function plain(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const line: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) line[OWN_FIELDS.has(name) ? `field.${name}` : name] = text(value);
  return line;
}

function text(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Error) return value.message;
  return value;
}
