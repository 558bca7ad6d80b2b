import type { Clock } from '@parkade/clock';
import type { Log } from '@parkade/rpc';

export const LOG_LEVELS = ['info', 'warn', 'error', 'off'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/**
 * A log of JSON lines: `{"time":"…","level":"warn","event":"…", …fields}`. What is below `level` is left out. A field named
 * like one of the first three is kept as `field.<name>`.
 */
export function jsonLog(level: LogLevel, write: (line: string) => void, clock: Clock): Log {
  const least = LOG_LEVELS.indexOf(level);
  const at =
    (own: Exclude<LogLevel, 'off'>) =>
    (event: string, fields: Readonly<Record<string, unknown>> = {}): void => {
      if (LOG_LEVELS.indexOf(own) < least) return;
      const line: Record<string, unknown> = { time: new Date(clock.nowMs()).toISOString(), level: own, event };
      for (const [name, value] of Object.entries(fields)) line[name in line ? `field.${name}` : name] = value;
      write(JSON.stringify(line, plain));
    };
  return { info: at('info'), warn: at('warn'), error: at('error') };
}

/** Errors and big numbers say nothing, or throw, as JSON makes them. */
function plain(_name: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Error) return value.message;
  return value;
}
