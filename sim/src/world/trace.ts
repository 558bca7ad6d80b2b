import type { Log } from '@parkade/rpc';
import type { Scheduler } from './scheduler.js';

/** Lines kept, the latest; all of them where the trace is printed as it grows. */
const MAX_LINES = 4_000;

/** What happened, in words: for whoever looks into a seed that failed. Every line is part of the scheduler's hash. */
export class Trace {
  readonly lines: string[] = [];
  /** What no process may ever say of itself. */
  readonly defects: string[] = [];

  constructor(
    private readonly scheduler: Scheduler,
    private readonly onLine: ((line: string) => void) | undefined,
  ) {}

  say(who: string, what: string): void {
    const line = `${(this.scheduler.nowMs / 1_000).toFixed(4).padStart(9)} ${who}: ${what}`;
    this.scheduler.note(line);
    this.lines.push(line);
    if (this.lines.length > 2 * MAX_LINES) this.lines.splice(0, MAX_LINES);
    this.onLine?.(line);
  }

  /** The log of a process. */
  log(who: string): Log {
    const say = (level: string, event: string, fields: Readonly<Record<string, unknown>> = {}): void =>
      this.say(who, `${level} ${event} ${JSON.stringify(fields)}`);
    return {
      info: (event, fields) => say('info', event, fields),
      warn: (event, fields) => say('warn', event, fields),
      error: (event, fields) => {
        say('error', event, fields);
        if (event === 'defect') this.defects.push(`${who}: ${JSON.stringify(fields)}`);
      },
    };
  }
}
