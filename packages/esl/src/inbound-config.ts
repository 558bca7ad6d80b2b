import type { Clock, Random } from '@parkade/clock';
import type { BackoffConfig } from './backoff.js';
import type { Subscription } from './commands.js';
import type { Down } from './down.js';
import type { EslEvent } from './event.js';
import type { LinkConfig } from './link.js';
import type { Connect } from './socket.js';
import type { SilenceLimits } from './silence-watch.js';

/** Time limits of an inbound connection, in milliseconds. */
export interface InboundTimes extends SilenceLimits {
  /** For the TCP connection. */
  connectLimitMs: number;
  /** From the TCP connection until authenticated and subscribed. */
  handshakeLimitMs: number;
  /** A connection that held this long starts the back-off anew. */
  stableMs: number;
  /** Default time limit of a background job, from the call to its event. */
  jobLimitMs: number;
}

export const DEFAULT_INBOUND_TIMES: InboundTimes = {
  connectLimitMs: 5_000,
  handshakeLimitMs: 5_000,
  silenceLimitMs: 25_000,
  probeLimitMs: 5_000,
  stableMs: 10_000,
  jobLimitMs: 30_000,
};

export const DEFAULT_MAX_JOBS = 1_000;
export const DEFAULT_MAX_QUEUED_EVENTS = 1_000;

export interface InboundConfig extends LinkConfig {
  host: string;
  port: number;
  /** Never logged, never part of an error. */
  password: string;
  /**
   * What the listener wants to see. `BACKGROUND_JOB`, `HEARTBEAT` and `SHUTDOWN` are added, to the filters as well;
   * jobs of others are passed on only when asked for here.
   */
  subscription: Subscription;
  times?: Partial<InboundTimes>;
  backoff?: Partial<BackoffConfig>;
  /** Background jobs out at one time. */
  maxJobs?: number;
  /** Events that wait for the listener before the socket is paused. */
  maxQueuedEvents?: number;
}

/**
 * Who hears what happens on the connection. Calls come one at a time and in order: up, events, down, up, ...; the next
 * waits for the promise of the one before. Replies and jobs do not wait for the listener, so it may await commands; but
 * a listener that is slow for long makes the socket pause, and then replies wait as well and run into their time
 * limits. FreeSWITCH holds back 100,000 events for us; beyond, it drops the connection and that is told as `down`.
 */
export interface InboundListener {
  /** Authenticated and subscribed; events that were missed before will not come. */
  onUp(): void | Promise<void>;
  /** A connection ended, or an attempt failed (`wasUp` false). The next attempt follows by itself. */
  onDown(down: Down, wasUp: boolean): void | Promise<void>;
  onEvent(event: EslEvent): void | Promise<void>;
  /** An event could not be read (its content, not its frame): what it told is lost. */
  onUnreadable(reason: string): void | Promise<void>;
  /** One of the calls above threw or rejected. Must not throw. */
  onFault(error: unknown): void;
}

export interface InboundDeps {
  clock: Clock;
  random: Random;
  listener: InboundListener;
  /** The fence, asked immediately before each write; see `LinkDeps`. */
  mayWrite: () => boolean;
  /** For simulation; default: TCP. */
  connect?: Connect | undefined;
}
