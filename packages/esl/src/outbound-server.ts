// The server FreeSWITCH's dial plan connects to (`socket HOST:PORT async full`).
//   B1. At most maxConnections are open; one more is closed at once, which FreeSWITCH takes as the end of the
//       `socket` application (the call is hung up unless `socket_resume` is set and the dial plan goes on).
//   B2. A connection that does not turn out a channel within handshakeLimitMs is closed and never shown.
//   B3. After `close` has resolved, no socket and no timer is left.
import type { Clock, Random } from '@parkade/clock';
import type { LinkConfig } from './link.js';
import type { OutboundSessionConfig } from './outbound-line.js';
import { openOutbound, type OutboundSession } from './outbound-session.js';
import { DEFAULT_SILENCE_LIMITS } from './silence-watch.js';
import type { EslSocket, ListenForSockets, SocketListener } from './socket.js';
import { tcpListen } from './tcp-listen.js';

/** Time limits of outbound connections, in milliseconds. */
export type OutboundTimes = OutboundSessionConfig['times'];

export const DEFAULT_OUTBOUND_TIMES: OutboundTimes = {
  ...DEFAULT_SILENCE_LIMITS,
  handshakeLimitMs: 5_000,
  executeLimitMs: 60_000,
};
export const DEFAULT_MAX_CONNECTIONS = 1_000;
export const DEFAULT_MAX_EXECUTES = 100;

export interface OutboundConfig extends LinkConfig {
  /** Address to listen on, and port (0 for a free one). */
  host: string;
  port: number;
  maxConnections?: number;
  times?: Partial<OutboundTimes>;
  /** Applications waited for on one connection at one time. */
  maxExecutes?: number;
}

export interface OutboundHandler {
  /** A call came. The session is the handler's from now on, and stays open when this returns. */
  onCall(session: OutboundSession): void | Promise<void>;
  /** A connection was closed unseen: too many, or no channel on it. */
  onTurnedAway(reason: 'too-many' | 'no-channel', remoteAddress: string): void;
  /** `onCall` or an event listener failed. Must not throw. */
  onFault(error: unknown): void;
}

export interface OutboundDeps {
  clock: Clock;
  random: Random;
  handler: OutboundHandler;
  /** Asked before each write; always yes without it, as whoever is called may at least listen to the call. */
  mayWrite?: () => boolean;
  /** For simulation; default: TCP. */
  listen?: ListenForSockets | undefined;
}

export class OutboundServer {
  readonly #config: OutboundConfig;
  readonly #session: OutboundSessionConfig;
  readonly #deps: OutboundDeps;
  readonly #sockets = new Set<EslSocket>();
  #listener: SocketListener | undefined;
  readonly #sessions = new Set<OutboundSession>();

  constructor(config: OutboundConfig, deps: OutboundDeps) {
    this.#config = config;
    this.#session = {
      ...config,
      times: { ...DEFAULT_OUTBOUND_TIMES, ...config.times },
      maxExecutes: config.maxExecutes ?? DEFAULT_MAX_EXECUTES,
    };
    this.#deps = deps;
  }

  /** Connections open now. */
  get connections(): number {
    return this.#sockets.size;
  }

  /** Starts to listen; answers the port. Rejects when the address cannot be had. */
  async listen(): Promise<number> {
    const { handler, listen = tcpListen() } = this.#deps;
    const { host, port } = this.#config;
    const onSocket = (socket: EslSocket, remote: string): void => this.#onSocket(socket, remote);
    this.#listener = await listen(host, port, onSocket, (error) => handler.onFault(error));
    return this.#listener.port;
  }

  /** Stops listening and closes every connection; FreeSWITCH then goes on as its dial plan says. */
  async close(): Promise<void> {
    const closed = this.#listener?.close();
    const sessions = [...this.#sessions];
    for (const session of sessions) session.close();
    const sockets = [...this.#sockets].map((socket) => {
      const gone = new Promise<void>((resolve) => socket.once('close', () => resolve()));
      // A session's socket is closing already; this one is still in its handshake.
      if (!socket.writableEnded) socket.destroy();
      return gone;
    });
    await Promise.all([closed, ...sockets, ...sessions.map((session) => session.ended)]);
  }

  #onSocket(socket: EslSocket, remote: string): void {
    socket.on('error', () => undefined);
    if (this.#sockets.size >= (this.#config.maxConnections ?? DEFAULT_MAX_CONNECTIONS)) {
      socket.destroy();
      this.#deps.handler.onTurnedAway('too-many', remote);
      return;
    }
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    void this.#greet(socket, remote);
  }

  async #greet(socket: EslSocket, remote: string): Promise<void> {
    const { clock, random, handler, mayWrite = () => true } = this.#deps;
    const onFault = (error: unknown): void => handler.onFault(error);
    const session = await openOutbound(socket, this.#session, { clock, random, mayWrite, onFault });
    if (session === undefined) return handler.onTurnedAway('no-channel', remote);
    this.#sessions.add(session);
    void session.ended.then(() => this.#sessions.delete(session));
    try {
      await handler.onCall(session);
    } catch (error) {
      onFault(error);
    }
  }
}
