import type { EslCommand } from './encode.js';

/** Events and filters a connection asks for. */
export interface Subscription {
  /** Event names, for example `CHANNEL_PARK`. */
  events: readonly string[];
  /** Subclasses of `CUSTOM`, for example `valet_parking::info`. */
  customSubclasses?: readonly string[];
  /** With any filter, an event is sent when one of them matches. A value `/…/` is a regular expression. */
  filters?: readonly { header: string; value: string }[];
}

/** `auth PASSWORD`. */
export function authCommand(password: string): EslCommand {
  return { line: `auth ${password}` };
}

/** Subscribes as JSON. `CUSTOM` goes last, because FreeSWITCH takes every word behind it as a subclass. */
export function eventCommand({ events, customSubclasses = [] }: Subscription): EslCommand {
  const custom = customSubclasses.length > 0 ? ['CUSTOM', ...customSubclasses] : [];
  return { line: ['event json', ...events.filter((name) => name !== 'CUSTOM'), ...custom].join(' ') };
}

/** Adds a filter; filters are OR-ed. */
export function filterCommand(header: string, value: string): EslCommand {
  return { line: `filter ${header} ${value}` };
}

/** `api COMMAND ARGS`. Blocks everything behind it on the connection until it has run: prefer `bgapi`. */
export function apiCommand(command: string, args = ''): EslCommand {
  return { line: words('api', command, args) };
}

/** `bgapi COMMAND ARGS` with our own job id, which the `BACKGROUND_JOB` event repeats. */
export function bgapiCommand(command: string, args: string, jobUuid: string): EslCommand {
  return { line: words('bgapi', command, args), headers: [['Job-UUID', jobUuid]] };
}

export interface ExecuteOptions {
  /** Leg to run it on; without it, the leg of an outbound connection. */
  channelUuid?: string;
  /** FreeSWITCH runs nothing further on the leg until this application has ended. */
  eventLock?: boolean;
  /** Comes back as `Application-UUID` in `CHANNEL_EXECUTE_COMPLETE`. */
  eventUuid?: string;
  /** How often to run it; once when absent. */
  loops?: number;
  /** Lets `${name}` and `${api(args)}` in the argument through, for FreeSWITCH to expand; refused without it. */
  expands?: boolean;
}

/** Runs a dial-plan application on a leg. An unknown application hangs the leg up, and `+OK` only means "queued". */
export function executeCommand(application: string, argument: string, options: ExecuteOptions = {}): EslCommand {
  const headers: [string, string][] = [
    ['call-command', 'execute'],
    ['execute-app-name', application],
  ];
  if (argument !== '') headers.push(['execute-app-arg', argument]);
  if (options.loops !== undefined) headers.push(['loops', String(options.loops)]);
  if (options.eventLock === true) headers.push(['event-lock', 'true']);
  if (options.eventUuid !== undefined) headers.push(['Event-UUID', options.eventUuid]);
  return { ...sendmsgCommand(options.channelUuid, headers), ...(options.expands === true && { expands: true }) };
}

/** Hangs a leg up with a cause such as `NORMAL_CLEARING`. */
export function hangupCommand(cause: string, channelUuid?: string): EslCommand {
  return sendmsgCommand(channelUuid, [
    ['call-command', 'hangup'],
    ['hangup-cause', cause],
  ]);
}

/** `sendmsg` with any headers and body, to a leg or to the leg of an outbound connection. */
export function sendmsgCommand(
  channelUuid: string | undefined,
  headers: readonly (readonly [string, string])[],
  body?: string,
): EslCommand {
  return { line: words('sendmsg', channelUuid ?? ''), headers, ...(body !== undefined && { body }) };
}

/** Fires an event inside FreeSWITCH, for example `PRESENCE_IN`. */
export function sendeventCommand(
  name: string,
  headers: readonly (readonly [string, string])[],
  body?: string,
): EslCommand {
  return { line: words('sendevent', name), headers, ...(body !== undefined && { body }) };
}

/** First command of an outbound connection; its reply is the channel. */
export const CONNECT: EslCommand = { line: 'connect' };
/** Restricts an outbound connection to the events of its own leg. */
export const MYEVENTS: EslCommand = { line: 'myevents' };
/** Ends a connection. On an outbound one this hangs the call up, unless `socket_resume` and a dial plan follow. */
export const EXIT: EslCommand = { line: 'exit' };

/** Keeps an outbound connection open for `seconds` after the call has ended, so that its last events arrive. */
export function lingerCommand(seconds: number): EslCommand {
  return { line: `linger ${Math.trunc(seconds)}` };
}

/** Joins with exactly one blank: two behind `api` break the command. */
function words(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(' ');
}
