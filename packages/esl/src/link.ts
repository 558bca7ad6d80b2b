// One TCP connection that carries ESL, whichever side opened it.
//   L1. Frames are handed over in the order of the stream, and none after the end.
//   L2. The link ends exactly once, with a typed reason; then every open command has failed and the socket is closed.
//   L3. Paused, it reads nothing, so TCP holds FreeSWITCH back and nothing gathers here.
import type { Clock } from '@parkade/clock';
import { CommandQueue } from './command-queue.js';
import { EslDecoder, type DecodeError } from './decoder.js';
import type { EslCommand } from './encode.js';
import type { EslFrame } from './frame.js';
import { DEFAULT_CODEC_LIMITS, DEFAULT_COMMAND_LIMITS, type CodecLimits, type CommandLimits } from './limits.js';
import type { CommandResult } from './outcome.js';
import type { EslSocket } from './socket.js';

/** Why a connection ended, as seen on the wire. */
export type LinkEnd =
  | { reason: 'closed-by-us' }
  /** The other side closed; `midFrame` when it cut a frame off. */
  | { reason: 'eof'; midFrame: boolean }
  /** The socket failed; `code` as Node names it, for example `ECONNRESET`. */
  | { reason: 'socket-error'; code: string }
  | { reason: 'undecodable'; error: DecodeError }
  /** A reply nobody asked for: our place in the stream is lost. */
  | { reason: 'unexpected-reply' }
  | { reason: 'reply-overdue' }
  /** Nothing came within the silence limit, nor after a probe. */
  | { reason: 'silent' }
  | { reason: 'handshake-timeout' }
  /** Its answer to `connect` is no channel: this is no FreeSWITCH. */
  | { reason: 'not-a-channel' };

/** A frame that is no reply. */
export type UnsolicitedFrame = Exclude<EslFrame, { kind: 'command-reply' | 'api-response' }>;

export interface LinkHandler {
  onFrame(frame: UnsolicitedFrame): void;
  /** Bytes arrived: the other side lives. */
  onTraffic(): void;
}

export interface LinkConfig {
  codec?: Partial<CodecLimits>;
  commands?: Partial<CommandLimits>;
}

export interface LinkDeps {
  clock: Clock;
  /**
   * Asked immediately before each write to the socket; false withholds the command. Must not throw. What the kernel and
   * FreeSWITCH have taken before can no longer be withheld.
   */
  mayWrite: () => boolean;
}

export class EslLink {
  /** Resolves once, when the connection has ended. */
  readonly ended: Promise<LinkEnd>;
  readonly #socket: EslSocket;
  readonly #decoder: EslDecoder;
  readonly #handler: LinkHandler;
  readonly #queue: CommandQueue;
  readonly #resolveEnded: (end: LinkEnd) => void;
  #over = false;

  /** Takes over a connected socket. */
  constructor(socket: EslSocket, config: LinkConfig, deps: LinkDeps, handler: LinkHandler) {
    const { promise, resolve } = withResolvers<LinkEnd>();
    this.ended = promise;
    this.#resolveEnded = resolve;
    this.#socket = socket;
    this.#handler = handler;
    this.#decoder = new EslDecoder({ ...DEFAULT_CODEC_LIMITS, ...config.codec });
    this.#queue = new CommandQueue({ ...DEFAULT_COMMAND_LIMITS, ...config.commands }, deps.clock, {
      mayWrite: deps.mayWrite,
      isClear: () => !this.#over && socket.writable && socket.writableLength === 0,
      write: (bytes) => void socket.write(bytes, () => this.#queue.pump()),
      overdue: () => this.end({ reason: 'reply-overdue' }),
    });
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.end({ reason: 'socket-error', code: error.code ?? error.message });
    });
    socket.on('close', () => this.end({ reason: 'eof', midFrame: this.#decoder.midFrame }));
  }

  /** Commands waiting for their turn or their reply. */
  get openCommands(): number {
    return this.#queue.length;
  }

  /** Sends a command and waits for its reply, at most `limitMs` (the configured limit without it). Never rejects. */
  send(command: EslCommand, limitMs?: number): Promise<CommandResult> {
    return this.#queue.send(command, limitMs);
  }

  /** See {@link CommandQueue.nudge}. */
  nudge(): void {
    this.#queue.nudge();
  }

  /** Stops reading. */
  pause(): void {
    this.#socket.pause();
  }

  /** Reads on. */
  resume(): void {
    if (!this.#over) this.#socket.resume();
  }

  /** Ends the connection; does nothing when it has ended. */
  end(end: LinkEnd): void {
    if (this.#over) return;
    this.#over = true;
    this.#queue.close();
    // A polite end, unless bytes are stuck here: a peer that does not read must not keep the socket alive.
    if (end.reason === 'closed-by-us' && this.#socket.writableLength === 0) this.#socket.destroySoon();
    else this.#socket.destroy();
    this.#resolveEnded(end);
  }

  #onData(chunk: Buffer): void {
    if (this.#over) return;
    this.#handler.onTraffic();
    const { frames, error } = this.#decoder.push(chunk);
    for (const frame of frames) this.#onFrame(frame);
    if (error !== undefined) this.end({ reason: 'undecodable', error });
  }

  #onFrame(frame: EslFrame): void {
    if (this.#over) return;
    if (frame.kind !== 'command-reply' && frame.kind !== 'api-response') this.#handler.onFrame(frame);
    else if (!this.#queue.onReply(frame)) this.end({ reason: 'unexpected-reply' });
  }
}

/** `Promise.withResolvers`, which Node 20 does not have. */
function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => (resolve = settle));
  return { promise, resolve };
}
