// Encoder of what we send.
//   E1. One command is one message on the wire: a value with CR, LF or NUL is refused, because FreeSWITCH ends a line at
//       CR or LF and a string at NUL, and the rest would run as a command of its own.
//   E2. FreeSWITCH expands `${name}` and runs `${api(args)}` in the argument of an application, so an argument that would
//       be expanded is refused unless the command says that it is meant: it may hold what a phone wrote.
//   E3. Content-Length is ours alone and comes last: FreeSWITCH reads the body when it meets that header.
import { MAX_COMMAND_BYTES } from './limits.js';

/** A command as data; see `commands.ts` for the usual ones. Nothing is checked until it is encoded. */
export interface EslCommand {
  /** The first line, for example `api status`. */
  line: string;
  /** Headers below it, in order. */
  headers?: readonly (readonly [name: string, value: string])[];
  /** The application's argument is meant to be expanded by FreeSWITCH; never set it on an argument with foreign text. */
  expands?: boolean;
  /** Bytes behind it; may hold line breaks, as its length is sent. */
  body?: string;
}

/** Why a command is not sent. `where` names the part at fault, never its value, which may be a secret. */
export interface InvalidCommand {
  ok: false;
  reason: 'invalid';
  where: string;
  fault: 'line-break-or-nul' | 'expansion' | 'bad-name' | 'bad-line' | 'too-long';
}
export type EncodeResult = { ok: true; bytes: Buffer } | InvalidCommand;

/** A variable or an api call anywhere, or variables set by a leading `%[name=value]`. */
const EXPANSION = /\$\{|^%.?\[/;
const HEADER_NAME = /^[A-Za-z][A-Za-z0-9_-]*$/;

/** The bytes of a command, or why it must not be sent. Never throws. */
export function encodeCommand({ line, headers = [], expands = false, body }: EslCommand): EncodeResult {
  if (breaks(line)) return invalid('line', 'line-break-or-nul');
  // A blank first line would be skipped by FreeSWITCH and the headers read as the command.
  if (line === '' || line.startsWith(' ')) return invalid('line', 'bad-line');
  let text = `${line}\n`;
  for (const [name, value] of headers) {
    if (!HEADER_NAME.test(name) || name.toLowerCase() === 'content-length') return invalid('header name', 'bad-name');
    if (breaks(value)) return invalid(name, 'line-break-or-nul');
    if (!expands && name.toLowerCase() === 'execute-app-arg' && EXPANSION.test(value))
      return invalid(name, 'expansion');
    text += `${name}: ${value}\n`;
  }
  if (body?.includes('\0')) return invalid('body', 'line-break-or-nul');
  // Without bytes to wait for, FreeSWITCH takes the body as absent: no Content-Length then.
  if (body) text += `Content-Length: ${Buffer.byteLength(body)}\n`;
  const bytes = Buffer.from(`${text}\n${body ?? ''}`);
  return bytes.length > MAX_COMMAND_BYTES ? invalid('command', 'too-long') : { ok: true, bytes };
}

function breaks(value: string): boolean {
  return value.includes('\r') || value.includes('\n') || value.includes('\0');
}

function invalid(where: string, fault: InvalidCommand['fault']): InvalidCommand {
  return { ok: false, reason: 'invalid', where, fault };
}
