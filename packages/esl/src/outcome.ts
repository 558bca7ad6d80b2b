import type { InvalidCommand } from './encode.js';
import type { EslHeaders } from './headers.js';

/** What FreeSWITCH answered. */
export interface Reply {
  /** `Reply-Text` of a command reply (without its line end), or the whole body of an api response, as sent. */
  text: string;
  /** Headers of a command reply; `undefined` for an api response. */
  headers: EslHeaders | undefined;
}

/**
 * Why a command has no good reply. `sent` tells whether its bytes may have reached FreeSWITCH: when true, the effect
 * may have taken place and has to be found out.
 */
export type CommandFailure =
  /** FreeSWITCH answered `-ERR …` or `-USAGE …`; `text` is that answer. */
  | { ok: false; reason: 'refused'; text: string }
  | InvalidCommand
  | { ok: false; reason: 'queue-full'; limit: number }
  /** The write guard said no; nothing of the command was sent. */
  | { ok: false; reason: 'fenced' }
  /** There is no connection, or it ended first. */
  | { ok: false; reason: 'down'; sent: boolean }
  | { ok: false; reason: 'timeout'; sent: boolean; limitMs: number };

/** `ok` means FreeSWITCH took the command, not that its effect happened: that is told by events. */
export type CommandResult = { ok: true; reply: Reply } | CommandFailure;

/** Result of a background job: what the command would have printed. */
export type JobResult = { ok: true; text: string } | CommandFailure;

/** Whether FreeSWITCH's answer says no. */
export function isRefusal(text: string): boolean {
  return text.startsWith('-ERR') || text.startsWith('-USAGE');
}

/** A refusal as a value, for example `-ERR USER_BUSY`. */
export function refused(text: string): CommandFailure {
  return { ok: false, reason: 'refused', text: text.trimEnd() };
}
