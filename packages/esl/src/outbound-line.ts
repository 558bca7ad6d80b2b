import type { Clock, Random } from '@parkade/clock';
import { apiCommand, executeCommand, type ExecuteOptions } from './commands.js';
import type { EslEvent } from './event.js';
import { JobTable } from './job-table.js';
import { EslLink, type LinkConfig, type LinkEnd, type UnsolicitedFrame } from './link.js';
import type { JobResult } from './outcome.js';
import { SilenceWatch, type SilenceLimits } from './silence-watch.js';
import { randomUuid } from './uuid.js';
import type { EslSocket } from './socket.js';

/** Why an outbound connection ended. */
export type OutboundEnd =
  /** FreeSWITCH said goodbye: the call has ended. */
  | { kind: 'hangup' }
  /** Our `exit` was carried out. */
  | { kind: 'exited' }
  /** This server was closed. */
  | { kind: 'closed' }
  | { kind: 'connection-broke'; cause: LinkEnd };

export interface OutboundSessionConfig extends LinkConfig {
  times: SilenceLimits & { handshakeLimitMs: number; executeLimitMs: number };
  /** Applications run with `executeToEnd` at one time. */
  maxExecutes: number;
}

export interface OutboundSessionDeps {
  clock: Clock;
  random: Random;
  mayWrite: () => boolean;
  onFault: (error: unknown) => void;
}

/** The machinery below a session: link, watchdog, and applications waited for. */
export class OutboundLine {
  readonly link: EslLink;
  onEvent: (event: EslEvent) => void = () => undefined;
  exiting = false;
  readonly #config: OutboundSessionConfig;
  readonly #deps: OutboundSessionDeps;
  readonly #watch: SilenceWatch;
  readonly #executes: JobTable;
  #goodbye = false;

  constructor(socket: EslSocket, config: OutboundSessionConfig, deps: OutboundSessionDeps) {
    this.#config = config;
    this.#deps = deps;
    this.#executes = new JobTable(deps.clock, config.maxExecutes);
    this.link = new EslLink(socket, config, deps, {
      onFrame: (frame) => this.#onFrame(frame),
      onTraffic: () => this.#watch.touch(),
    });
    this.#watch = new SilenceWatch(deps.clock, config.times, {
      probe: () => void this.link.send(apiCommand('echo', 'alive'), config.times.probeLimitMs),
      dead: () => this.link.end({ reason: 'silent' }),
    });
    this.#watch.start();
  }

  async ended(): Promise<OutboundEnd> {
    const cause = await this.link.ended;
    this.#watch.stop();
    this.#executes.failAll();
    if (cause.reason === 'closed-by-us') return { kind: 'closed' };
    if (cause.reason === 'eof' && this.#goodbye) return { kind: this.exiting ? 'exited' : 'hangup' };
    return { kind: 'connection-broke', cause };
  }

  executeToEnd(
    application: string,
    argument: string,
    { limitMs = this.#config.times.executeLimitMs, ...options }: ExecuteOptions & { limitMs?: number },
  ): Promise<JobResult> {
    if (this.#executes.isFull) {
      return Promise.resolve({ ok: false, reason: 'queue-full', limit: this.#config.maxExecutes });
    }
    const eventUuid = options.eventUuid ?? randomUuid(this.#deps.random);
    const done = this.#executes.open(eventUuid, limitMs);
    void this.link.send(executeCommand(application, argument, { ...options, eventUuid })).then((result) => {
      if (!result.ok && !(result.reason === 'timeout' && result.sent)) this.#executes.settle(eventUuid, result);
    });
    return done;
  }

  #onFrame(frame: UnsolicitedFrame): void {
    if (frame.kind === 'disconnect-notice') this.#goodbye = true;
    if (frame.kind !== 'event') return;
    if (frame.event.name === 'CHANNEL_EXECUTE_COMPLETE') {
      const response = frame.event.get('Application-Response') ?? '';
      this.#executes.complete(frame.event.get('Application-UUID') ?? '', response);
    }
    try {
      this.onEvent(frame.event);
    } catch (error) {
      this.#deps.onFault(error);
    }
  }
}
