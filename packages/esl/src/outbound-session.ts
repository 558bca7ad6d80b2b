// One call that FreeSWITCH handed to us with the `socket` application, in the mode `async full`.
//   T1. It begins with the reply to `connect`; nothing else was sent before it.
//   T2. What the channel says of itself is a hint: anyone who reaches the port can claim to be any call. Believe it once
//       the id is confirmed over the node's authenticated connection.
//   T3. When the connection ends, by whichever side, FreeSWITCH hangs the call up, unless `socket_resume` is set and the
//       dial plan goes on: so it ends only for a reason given in `OutboundEnd`.
import {
  CONNECT,
  EXIT,
  MYEVENTS,
  eventCommand,
  executeCommand,
  lingerCommand,
  type ExecuteOptions,
} from './commands.js';
import type { EslCommand } from './encode.js';
import type { EslEvent } from './event.js';
import type { EslHeaders } from './headers.js';
import {
  OutboundLine,
  type OutboundEnd,
  type OutboundSessionConfig,
  type OutboundSessionDeps,
} from './outbound-line.js';
import type { CommandResult, JobResult } from './outcome.js';
import type { EslSocket } from './socket.js';

export class OutboundSession {
  /** The channel as it was when the dial plan called us. */
  readonly channel: EslHeaders;
  /** `Unique-ID` of the leg. */
  readonly channelUuid: string;
  /** Resolves once, when the connection has ended. */
  readonly ended: Promise<OutboundEnd>;
  readonly #line: OutboundLine;

  /** Made by {@link openOutbound}. */
  constructor(line: OutboundLine, channel: EslHeaders, channelUuid: string) {
    this.#line = line;
    this.channel = channel;
    this.channelUuid = channelUuid;
    this.ended = line.ended();
  }

  /** Sends any command; as `InboundConnection.command`. */
  command(command: EslCommand, limitMs?: number): Promise<CommandResult> {
    return this.#line.link.send(command, limitMs);
  }

  /**
   * Hands every event of the connection to `onEvent` in the turn it arrives. Nothing is queued: a listener that takes
   * time holds FreeSWITCH back. Call it before the command that asks for events.
   */
  listen(onEvent: (event: EslEvent) => void): void {
    this.#line.onEvent = onEvent;
  }

  /** Asks for the events of this leg alone, as JSON. */
  async myevents(): Promise<CommandResult> {
    const mine = await this.command(MYEVENTS);
    // `myevents` alone sends plain events; a later `event json` switches the format and adds nothing it has not.
    return mine.ok ? this.command(eventCommand({ events: ['CHANNEL_HANGUP'] })) : mine;
  }

  /** Keeps the connection open for `seconds` after the call has ended, for its last events. */
  linger(seconds: number): Promise<CommandResult> {
    return this.command(lingerCommand(seconds));
  }

  /** Runs an application; `ok` means it was queued. An unknown one hangs the call up. */
  execute(application: string, argument = '', options: ExecuteOptions = {}): Promise<CommandResult> {
    return this.command(executeCommand(application, argument, options));
  }

  /**
   * Runs an application and waits for its CHANNEL_EXECUTE_COMPLETE, at most `limitMs`; `text` is its
   * `Application-Response`. Needs {@link myevents}. Never rejects.
   */
  executeToEnd(
    application: string,
    argument = '',
    options: ExecuteOptions & { limitMs?: number } = {},
  ): Promise<JobResult> {
    return this.#line.executeToEnd(application, argument, options);
  }

  /** Ends the connection. */
  async exit(): Promise<CommandResult> {
    this.#line.exiting = true;
    return this.command(EXIT);
  }

  /** Closes without a word. */
  close(): void {
    this.#line.link.end({ reason: 'closed-by-us' });
  }
}

/**
 * Greets a fresh connection with `connect`. `undefined` when the other side has not answered with a channel in time;
 * then the socket is closed.
 */
export async function openOutbound(
  socket: EslSocket,
  config: OutboundSessionConfig,
  deps: OutboundSessionDeps,
): Promise<OutboundSession | undefined> {
  const line = new OutboundLine(socket, config, deps);
  const result = await line.link.send(CONNECT, config.times.handshakeLimitMs);
  const channel = result.ok ? result.reply.headers : undefined;
  const channelUuid = channel?.get('Unique-ID');
  if (channel !== undefined && channelUuid !== undefined) return new OutboundSession(line, channel, channelUuid);
  line.link.end({ reason: result.ok ? 'not-a-channel' : 'handshake-timeout' });
  await line.ended();
  return undefined;
}
