import type { Duplex } from 'node:stream';
import type { Clock } from '@parkade/clock';

/** What carries ESL: a TCP socket, or what stands for one in a simulation. */
export type EslSocket = Duplex & {
  setNoDelay(noDelay?: boolean): unknown;
  /** Ends when all that was written has left. */
  destroySoon(): void;
};

export type ConnectResult = { ok: true; socket: EslSocket } | { ok: false; code: string };

/**
 * Opens a connection within `limitMs`, paused. The code of a failure is Node's (`ECONNREFUSED`), `connect-timeout`, or `aborted`
 * when `signal` was aborted first. Never rejects.
 */
export type Connect = (
  target: { host: string; port: number },
  limitMs: number,
  clock: Clock,
  signal: AbortSignal,
) => Promise<ConnectResult>;

/** What listens for connections. */
export interface SocketListener {
  readonly port: number;
  /** Takes no new connections; resolves when those it had are closed as well. */
  close(): Promise<void>;
}

/** Listens on an address (port 0: a free one) and hands over each connection, with where it comes from. Rejects when it is taken. */
export type ListenForSockets = (
  host: string,
  port: number,
  onSocket: (socket: EslSocket, remoteAddress: string) => void,
  onFault: (error: unknown) => void,
) => Promise<SocketListener>;
