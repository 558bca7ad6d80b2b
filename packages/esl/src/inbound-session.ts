// One connection to a node, from the open socket to its end; the next attempt has a new one.
//   S1. Nothing is delivered before the handshake is complete; what was received by then follows `up`.
//   S2. Filters are set before events are asked for, so that no unfiltered event comes.
//   S3. After the end every job has failed and nothing more is delivered.
import type { Clock, Random } from '@parkade/clock';
import { apiCommand, authCommand, bgapiCommand, eventCommand, filterCommand, type Subscription } from './commands.js';
import { classifyDown, type Down, type LastWords } from './down.js';
import type { EslCommand } from './encode.js';
import type { EslEvent } from './event.js';
import type { InboundTimes } from './inbound-config.js';
import { JobTable } from './job-table.js';
import { EslLink, type LinkConfig, type LinkEnd, type UnsolicitedFrame } from './link.js';
import type { CommandResult, JobResult } from './outcome.js';
import { SilenceWatch } from './silence-watch.js';
import { randomUuid } from './uuid.js';
import type { EslSocket } from './socket.js';

/** Events this package itself lives on. */
const OWN_EVENTS = ['BACKGROUND_JOB', 'HEARTBEAT', 'SHUTDOWN'];

export interface SessionConfig extends LinkConfig {
  password: string;
  subscription: Subscription;
  times: InboundTimes;
  maxJobs: number;
}

export interface SessionDeps {
  clock: Clock;
  random: Random;
  mayWrite: () => boolean;
  onEvent: (event: EslEvent) => void;
  onUnreadable: (reason: string) => void;
}

export class InboundSession {
  readonly #config: SessionConfig;
  readonly #deps: SessionDeps;
  readonly #link: EslLink;
  readonly #jobs: JobTable;
  readonly #watch: SilenceWatch;
  readonly #wantsJobs: boolean;
  readonly #seen: LastWords = { shutdownEvent: false, notice: undefined, refusal: undefined, fenced: false };
  #onAuthRequest: () => void = () => undefined;
  #over = false;

  constructor(socket: EslSocket, config: SessionConfig, deps: SessionDeps) {
    this.#config = config;
    this.#deps = deps;
    this.#wantsJobs = config.subscription.events.includes('BACKGROUND_JOB');
    this.#jobs = new JobTable(deps.clock, config.maxJobs);
    this.#link = new EslLink(socket, config, deps, {
      onFrame: (frame) => this.#onFrame(frame),
      onTraffic: () => this.#watch.touch(),
    });
    this.#watch = new SilenceWatch(deps.clock, config.times, {
      probe: () => void this.#link.send(apiCommand('echo', 'alive'), config.times.probeLimitMs),
      dead: () => this.#link.end({ reason: 'silent' }),
    });
  }

  /** Authenticates and subscribes. True when up; false when the connection has ended instead. */
  async open(): Promise<boolean> {
    const { clock } = this.#deps;
    const limit = clock.setTimer(this.#config.times.handshakeLimitMs, () => {
      this.#link.end({ reason: 'handshake-timeout' });
    });
    const asked = new Promise<boolean>((resolve) => (this.#onAuthRequest = () => resolve(true)));
    this.#link.resume();
    let up = await Promise.race([asked, this.#link.ended.then(() => false)]);
    for (const command of handshakeCommands(this.#config)) up = up && (await this.#handshakeStep(command));
    limit.cancel();
    if (up) this.#watch.start();
    return up;
  }

  /** Resolves when the connection has ended, with the reason. */
  async ended(): Promise<Down> {
    const end = await this.#link.ended;
    this.#over = true;
    this.#watch.stop();
    this.#jobs.failAll();
    return classifyDown(end, this.#seen);
  }

  /** Commands waiting for their turn or their reply. */
  get openCommands(): number {
    return this.#link.openCommands;
  }

  send(command: EslCommand, limitMs?: number): Promise<CommandResult> {
    return this.#link.send(command, limitMs);
  }

  nudge(): void {
    this.#link.nudge();
  }

  /** Runs a job; see `InboundConnection.bgapi`. */
  bgapi(command: string, args: string, limitMs: number): Promise<JobResult> {
    if (this.#jobs.isFull) return Promise.resolve({ ok: false, reason: 'queue-full', limit: this.#config.maxJobs });
    const jobUuid = randomUuid(this.#deps.random);
    const job = this.#jobs.open(jobUuid, limitMs);
    void this.#link.send(bgapiCommand(command, args, jobUuid), limitMs).then((result) => {
      // Without a reply in time the job may run all the same: then its event or its own limit decides.
      if (!result.ok && !(result.reason === 'timeout' && result.sent)) this.#jobs.settle(jobUuid, result);
    });
    return job;
  }

  /** Stops reading; the watchdog rests meanwhile. */
  pause(): void {
    this.#watch.stop();
    this.#link.pause();
  }

  resume(): void {
    if (this.#over) return;
    this.#link.resume();
    this.#watch.start();
  }

  end(end: LinkEnd): void {
    this.#link.end(end);
  }

  async #handshakeStep(command: EslCommand): Promise<boolean> {
    const result = await this.#link.send(command, this.#config.times.handshakeLimitMs);
    if (result.ok) return true;
    if (result.reason === 'fenced') this.#seen.fenced = true;
    if (result.reason === 'refused') this.#seen.refusal = result.text;
    this.#link.end({ reason: 'handshake-timeout' });
    return false;
  }

  #onFrame(frame: UnsolicitedFrame): void {
    switch (frame.kind) {
      case 'auth-request':
        return this.#onAuthRequest();
      case 'event':
        return this.#onEvent(frame.event);
      case 'disconnect-notice':
        this.#seen.notice = frame.text;
        return;
      case 'rejected':
        this.#seen.refusal = frame.text.trimEnd();
        return;
      case 'unreadable':
        return this.#deps.onUnreadable(`${frame.contentType}: ${frame.reason}`);
      case 'log':
      case 'other':
        return;
    }
  }

  #onEvent(event: EslEvent): void {
    if (event.name === 'SHUTDOWN') this.#seen.shutdownEvent = true;
    if (event.name === 'BACKGROUND_JOB') {
      const ours = this.#jobs.complete(event.get('Job-UUID') ?? '', event.body ?? '');
      if (ours || !this.#wantsJobs) return;
    }
    this.#deps.onEvent(event);
  }
}

/** The commands that make a fresh connection ours, in order. */
export function handshakeCommands(config: { password: string; subscription: Subscription }): EslCommand[] {
  const { subscription, password } = config;
  const events = [...new Set([...OWN_EVENTS, ...subscription.events])];
  const filters = subscription.filters ?? [];
  const own = filters.length > 0 ? OWN_EVENTS.map((value) => ({ header: 'Event-Name', value })) : [];
  return [
    authCommand(password),
    ...[...own, ...filters].map(({ header, value }) => filterCommand(header, value)),
    eventCommand({ ...subscription, events }),
  ];
}
