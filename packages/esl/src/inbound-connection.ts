// A lasting connection to the Event Socket of one node.
//   C1. At most one TCP connection is open at a time; each that ends is followed by another after a back-off, and comes
//       up subscribed as the one before.
//   C2. A command belongs to the connection it was given to: without one it fails at once, and none is carried over.
//   C3. The listener hears up, events, down strictly in this order, one call at a time; the next connection is not
//       tried before it has heard the last down.
//   C4. After `run` has resolved nothing is open: no socket, no timer, no command, no job.
import { sleep } from '@parkade/clock';
import { DEFAULT_BACKOFF, backoffMs, type BackoffConfig } from './backoff.js';
import { apiCommand } from './commands.js';
import { DeliveryQueue } from './delivery-queue.js';
import type { Down } from './down.js';
import { encodeCommand, type EslCommand } from './encode.js';
import type { EslEvent } from './event.js';
import {
  DEFAULT_INBOUND_TIMES,
  DEFAULT_MAX_JOBS,
  DEFAULT_MAX_QUEUED_EVENTS,
  type InboundConfig,
  type InboundDeps,
  type InboundTimes,
} from './inbound-config.js';
import { InboundSession, handshakeCommands } from './inbound-session.js';
import type { CommandFailure, CommandResult, JobResult } from './outcome.js';
import { connectTcp } from './tcp-connect.js';

type Notice =
  | { kind: 'up' }
  | { kind: 'event'; event: EslEvent }
  | { kind: 'unreadable'; reason: string }
  | { kind: 'down'; down: Down; wasUp: boolean };

const DOWN: CommandFailure = { ok: false, reason: 'down', sent: false };

export class InboundConnection {
  readonly #config: InboundConfig;
  readonly #deps: InboundDeps;
  readonly #times: InboundTimes;
  readonly #backoff: BackoffConfig;
  readonly #notices: DeliveryQueue<Notice>;
  /** The open session, up or not. */
  #session: InboundSession | undefined;
  #up = false;

  /** Throws when the configuration cannot be put into commands (a line break in the password or an event name). */
  constructor(config: InboundConfig, deps: InboundDeps) {
    for (const command of handshakeCommands(config)) {
      const encoded = encodeCommand(command);
      if (!encoded.ok) throw new TypeError(`the handshake cannot be encoded: ${encoded.where}: ${encoded.fault}`);
    }
    this.#config = config;
    this.#deps = deps;
    this.#times = { ...DEFAULT_INBOUND_TIMES, ...config.times };
    this.#backoff = { ...DEFAULT_BACKOFF, ...config.backoff };
    this.#notices = new DeliveryQueue(config.maxQueuedEvents ?? DEFAULT_MAX_QUEUED_EVENTS, {
      deliver: (notice) => this.#deliver(notice),
      onFault: (error) => deps.listener.onFault(error),
      onFull: () => this.#session?.pause(),
      onSpace: () => this.#session?.resume(),
    });
  }

  /** Whether commands are taken now. */
  get isUp(): boolean {
    return this.#up;
  }

  /** Commands waiting for their turn or their reply. */
  get openCommands(): number {
    return this.#session?.openCommands ?? 0;
  }

  /** Events waiting for the listener. */
  get queuedEvents(): number {
    return this.#notices.length;
  }

  /** Connects, and connects again, until `signal` is aborted; resolves when all is closed. Call it once. */
  async run(signal: AbortSignal): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      const heldMs = await this.#once(signal);
      await this.#notices.idle();
      failures = heldMs >= this.#times.stableMs ? 1 : failures + 1;
      await sleep(this.#deps.clock, backoffMs(this.#backoff, failures, this.#deps.random.next()), signal);
    }
  }

  /**
   * Sends a command and waits for FreeSWITCH's answer, at most `limitMs` (the configured limit without it). `ok` means
   * it was taken, not that its effect happened. Never rejects.
   */
  command(command: EslCommand, limitMs?: number): Promise<CommandResult> {
    return this.#up && this.#session !== undefined ? this.#session.send(command, limitMs) : Promise.resolve(DOWN);
  }

  /** `api COMMAND ARGS`: for what answers at once, as it holds up everything behind it on this connection. */
  api(command: string, args = '', limitMs?: number): Promise<CommandResult> {
    return this.command(apiCommand(command, args), limitMs);
  }

  /**
   * `bgapi COMMAND ARGS` as a job of our own, and waits for its BACKGROUND_JOB event, at most `limitMs`
   * (`times.jobLimitMs` without it). `text` is what the command printed. Never rejects.
   */
  bgapi(command: string, args = '', limitMs = this.#times.jobLimitMs): Promise<JobResult> {
    return this.#up && this.#session !== undefined
      ? this.#session.bgapi(command, args, limitMs)
      : Promise.resolve(DOWN);
  }

  /**
   * Has FreeSWITCH tell now what has happened: unasked, it looks only each 20 ms at the events it has to tell. Nothing is answered; for
   * who waits for an event, a few times until it has come.
   */
  nudge(): void {
    if (this.#up) this.#session?.nudge();
  }

  /** One attempt, from connect to the end. Answers how long it was up, in milliseconds. */
  async #once(signal: AbortSignal): Promise<number> {
    const { clock, connect = connectTcp } = this.#deps;
    const tcp = await connect(this.#config, this.#times.connectLimitMs, clock, signal);
    if (!tcp.ok) {
      const cause = { reason: 'connect-failed', code: tcp.code } as const;
      const down: Down = signal.aborted ? { kind: 'closed' } : { kind: 'connection-broke', cause };
      this.#notices.push({ kind: 'down', down, wasUp: false });
      return 0;
    }
    this.#notices.hold();
    const session = new InboundSession(tcp.socket, this.#sessionConfig(), {
      ...this.#deps,
      onEvent: (event) => this.#notices.push({ kind: 'event', event }),
      onUnreadable: (reason) => this.#notices.push({ kind: 'unreadable', reason }),
    });
    this.#session = session;
    const abort = (): void => session.end({ reason: 'closed-by-us' });
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    const wasUp = await session.open();
    const upMs = clock.monotonicMs();
    this.#up = wasUp;
    if (wasUp) this.#notices.release({ kind: 'up' });
    else this.#notices.drop();
    const down = await session.ended();
    this.#up = false;
    this.#session = undefined;
    signal.removeEventListener('abort', abort);
    this.#notices.push({ kind: 'down', down, wasUp });
    return wasUp ? clock.monotonicMs() - upMs : 0;
  }

  #sessionConfig(): ConstructorParameters<typeof InboundSession>[1] {
    return { ...this.#config, times: this.#times, maxJobs: this.#config.maxJobs ?? DEFAULT_MAX_JOBS };
  }

  #deliver(notice: Notice): void | Promise<void> {
    const { listener } = this.#deps;
    switch (notice.kind) {
      case 'up':
        return listener.onUp();
      case 'event':
        return listener.onEvent(notice.event);
      case 'unreadable':
        return listener.onUnreadable(notice.reason);
      case 'down':
        return listener.onDown(notice.down, notice.wasUp);
    }
  }
}
