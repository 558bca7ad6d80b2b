// One owned node: its connection, its ringing legs, its calls.
//   A1. It exists from the moment the node is owned until it is lost; nothing is written outside of that.
//   A2. On every connection what happened meanwhile is found out before anything else is believed.
//   A3. A switch that does not say whether it brings its calls back is waited for within a bound. Its callers are not taken for gone
//       before it has answered something later on the same connection, so that what it was asked has been done or refused, and has
//       had time to bring back whomever it can.
import { type Clock, type Random, sleep } from '@parkade/clock';
import { type Connect, type Down, type EslEvent, InboundConnection } from '@parkade/esl';
import type { TakeCallResponse } from '@parkade/proto';
import type { Log } from '@parkade/rpc';
import { holdAudio, holdIfWaiting, type NodeContext } from '../calls/context.js';
import { endParked, handOver, type HandedOver, type Leaving } from '../calls/leaving.js';
import { NodeCalls } from '../calls/node-calls.js';
import type { ParkApi } from '../calls/park-api.js';
import { ParkedCalls } from '../calls/parked-calls.js';
import { isRungFor } from '../calls/standing-attempt.js';
import type { MediaConfig } from '../config.js';
import type { LampFeed } from '../lamps/lamp-feed.js';
import { NodeLamps } from '../lamps/node-lamps.js';
import { NodeLegs } from '../legs/node-legs.js';
import { Pages } from '../paging/pages.js';
import type { Happening } from '../legs/types.js';
import { NodeSwitch, type SwitchCommands } from '../switch/node-switch.js';
import { LEG_EVENTS } from '../switch/subscription.js';
import type { MediaNode } from './media-node.js';
import { Rounds } from './rounds.js';

/** What waits at a node's owner. */
export interface NodeQueues {
  /** Commands whose turn or reply has not come. */
  readonly commands: number;
  /** Events that nobody has looked at yet. */
  readonly events: number;
  /** Effects that the switch has not told of yet. */
  readonly waits: number;
  /** Calls that something is being done with. */
  readonly calls: number;
  /** Legs that ring or were answered. */
  readonly legs: number;
}

/** Between two reconciliations, however much there is to be ended. */
const RECONCILE_AT_LEAST_MS = 500;
/** Until a switch that said nothing is asked again: at first, and at last. */
const [ASK_AGAIN_MS, ASK_AGAIN_MAX_MS] = [1_000, 15_000];
/** How long it is asked to bring its calls back: longer than a switch takes to begin. */
const RECOVER_FOR_MS = 60_000;
/** Until what was left open is looked at again. */
const RECONCILE_SOON_MS = 2_000;

const NOT_RECOVERED =
  'callers who are not at it are taken for gone from now on; see whether its SIP profile is up (`sofia status`), then run `sofia recover` there: who comes back is parked again';

export interface NodeAgentDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly api: ParkApi;
  readonly settingsOf: NodeContext['settingsOf'];
  readonly promptAt: NodeContext['promptAt'];
  /** What lamps show; undefined: nobody tells this process. */
  readonly feed: Pick<LampFeed, 'lamps' | 'noticesSince'> | undefined;
  readonly groupOf: NodeContext['groupOf'];
  readonly addresses: NodeContext['addresses'];
  /** Whether the node is owned at this moment. */
  readonly mayWrite: () => boolean;
  /** The node's commands, measured. */
  readonly timed: (commands: SwitchCommands) => SwitchCommands;
  readonly tell: (legId: string, news: Happening) => void;
  /** For simulation; default: TCP. */
  readonly connect?: Connect | undefined;
}

export class NodeAgent {
  readonly sw: NodeSwitch;
  readonly legs: NodeLegs;
  readonly calls: NodeCalls;
  readonly lamps: NodeLamps | undefined;
  readonly #context: NodeContext;
  readonly #pages: Pages;
  readonly #stop = new AbortController();
  readonly #connection: InboundConnection;
  readonly #rounds: Rounds;
  #run: Promise<void> = Promise.resolve();
  /** Whether what the next round leaves is looked at again before long. */
  #looksAgain = false;
  #instance: string | undefined;
  /** Counts connections. */
  #ups = 0;

  constructor(
    readonly node: MediaNode,
    private readonly config: MediaConfig,
    private readonly deps: NodeAgentDeps,
  ) {
    const { clock, random, log, api, mayWrite, settingsOf, promptAt, groupOf, addresses } = deps;
    const { limits } = config;
    const { name } = node;
    const onDefect = (error: unknown): void => log.error('defect', { node: name, error: String(error) });
    this.#rounds = new Rounds(clock, () => this.#reconcile(), onDefect);
    this.#connection = new InboundConnection(
      {
        host: node.host,
        port: node.port,
        password: config.passwords?.[name] ?? config.password,
        subscription: LEG_EVENTS,
        commands: { maxInFlight: limits.maxInFlight },
      },
      {
        clock,
        random,
        mayWrite,
        connect: deps.connect,
        listener: {
          onUp: () => this.#onUp(),
          onDown: (down, wasUp) => this.#onDown(down, wasUp),
          onEvent: (event) => this.#onEvent(event),
          onUnreadable: (reason) => log.warn('an event could not be read', { node: name, reason }),
          onFault: onDefect,
        },
      },
    );
    this.sw = new NodeSwitch(name, deps.timed(this.#connection), limits, clock);
    const pages = new Pages({ sw: this.sw, clock, random, log, maxLegs: limits.maxPaged });
    this.#pages = pages;
    const parked = new ParkedCalls({
      api,
      clock,
      random,
      log,
      maxCalls: limits.maxCalls,
      left: (legId, park) => {
        pages.end(legId);
        this.calls.fetching.left(legId);
        if (park !== undefined) this.legs.endRinging(park.parkId);
      },
    });
    this.#context = {
      node: name,
      sw: this.sw,
      api,
      parked,
      pages,
      clock,
      random,
      log,
      config,
      settingsOf,
      promptAt,
      groupOf,
      addresses,
      endRinging: (parkId) => this.legs.endRinging(parkId),
      reconcileSoon: () => this.#rounds.within(RECONCILE_SOON_MS),
    };
    this.calls = new NodeCalls(this.#context);
    const { feed } = deps;
    const { sw } = this;
    this.lamps =
      feed === undefined ? undefined : new NodeLamps({ node: name, sw, clock, log, config, settingsOf, groupOf, feed });
    this.legs = new NodeLegs({
      sw: this.sw,
      clock,
      tell: deps.tell,
      hold: (callId) => holdAudio(this.#context, callId),
      isRungFor: (tenantId, parkId, ...legs) => isRungFor(this.#context, { tenantId, parkId }, ...legs),
      joined: (callId) => parked.leave(callId),
      maxLegs: limits.maxLegs,
    });
  }

  /** Commands that wait for the switch or its reply. */
  get openCommands(): number {
    return this.#connection.openCommands;
  }

  /** Whether commands can be given now. */
  get isUp(): boolean {
    return this.#connection.isUp;
  }

  /** Whether the switch may bring calls back still: who is not at it is not taken for gone. */
  get mayRecover(): boolean {
    return this.sw.mayRecover;
  }

  /** Calls that are parked here, as far as this process knows. */
  get parkedCalls(): number {
    return this.#context.parked.size;
  }

  /** What waits here now. */
  get queues(): NodeQueues {
    const { openCommands: commands, queuedEvents: events } = this.#connection;
    return { commands, events, waits: this.sw.waits.size, calls: this.calls.underWay, legs: this.legs.size };
  }

  /** A dial plan has brought a call; undefined: not known now. Answers when the connection that brought it may end. */
  async takeCall(callId: string): Promise<TakeCallResponse | undefined> {
    // No use to wait: the call is found when the connection is back, and hears music until then.
    if (!this.isUp) return { taken: false, reason: 'node-unreachable', left: false };
    const released = this.sw.releases.wait(callId, this.config.limits.replyMs);
    const taken = await this.calls.take(callId);
    if (taken === 'unknown') {
      // Where nobody asks again, it waits as pending.
      this.#context.reconcileSoon();
      return undefined;
    }
    if (taken === 'left') {
      // Where nobody is at it any more, it is found where it goes.
      this.#context.reconcileSoon();
      return { taken: true, reason: '', left: true };
    }
    return taken === 'taken'
      ? { taken: true, reason: '', left: await released }
      : { taken: false, reason: taken, left: false };
  }

  start(): void {
    this.#run = this.#connection.run(this.#stop.signal);
  }

  /** Hold audio for a parked call, where it waits still. */
  hold(callId: string): Promise<void> {
    return holdIfWaiting(this.#context, callId);
  }

  /** Hands a parked call over to a number of the dial plan. */
  handOver(leaving: Leaving, destination: string, dialContext: string): Promise<HandedOver> {
    return handOver(this.#context, leaving, destination, dialContext);
  }

  /** Ends a call that was parked. */
  endParked(leaving: Leaving): Promise<'done' | 'unknown'> {
    return endParked(this.#context, leaving);
  }

  /** Ends at once; the calls go on. */
  async close(): Promise<void> {
    this.#pages.close();
    this.#rounds.end();
    this.#stop.abort();
    this.sw.waits.endAll();
    await this.#run;
  }

  #onUp(): void {
    this.deps.log.info('media node up', { node: this.node.name });
    this.lamps?.onUp();
    this.calls.onUp();
    this.sw.mayRecover = this.node.recovers;
    // Events go on meanwhile.
    void this.#catchUp(++this.#ups).catch((error: unknown) => this.deps.log.error('defect', { error: String(error) }));
  }

  #onDown(down: Down, wasUp: boolean): void {
    this.lamps?.onDown();
    this.#rounds.pause();
    this.sw.waits.endAll();
    if (wasUp || down.kind === 'refused')
      this.deps.log.warn('media node down', { node: this.node.name, kind: down.kind });
  }

  #onEvent(event: EslEvent): void {
    this.calls.onEvent(event);
    this.legs.onEvent(event);
    this.sw.waits.offer(event);
  }

  /** @param up the number of this connection: another one has this done anew. */
  async #catchUp(up: number): Promise<void> {
    const isOver = (): boolean => up !== this.#ups || !this.isUp || this.#stop.signal.aborted;
    if (this.node.recovers) {
      await this.#recover(isOver);
      if (isOver()) return;
      this.sw.mayRecover = false;
    }
    await this.legs.onUp();
    // A leg that has hung up is listed a moment longer, and that was told before the connection was back.
    this.#looksAgain = true;
    await this.#rounds.now();
  }

  /**
   * A switch that was started since it was seen last brings its calls back. Where it does not say so for RECOVER_FOR_MS, it is gone on
   * without (A3).
   */
  async #recover(isOver: () => boolean): Promise<void> {
    const { sw } = this;
    const instance = await this.#answer(() => sw.instance(), isOver, RECOVER_FOR_MS);
    // At the first connection nobody knows whether the switch has just been started: what can be recovered is.
    if (isOver() || (instance !== undefined && instance === this.#instance)) return;
    const recovers = await this.#answer(async () => (await sw.recover()) || undefined, isOver, RECOVER_FOR_MS);
    if (isOver()) return;
    if (recovers === undefined) {
      this.deps.log.error('a switch does not bring its calls back', { node: this.node.name, what: NOT_RECOVERED });
      await this.#answer(() => sw.legs(), isOver, Infinity);
    }
    await sleep(this.deps.clock, this.config.limits.recoverMs, this.#stop.signal);
    if (!isOver() && recovers !== undefined) this.#instance = instance;
  }

  /** Asks until the switch has answered, ever less often; undefined: the connection is over, or the time is. */
  async #answer<T>(ask: () => Promise<T | undefined>, isOver: () => boolean, limitMs: number): Promise<T | undefined> {
    const endMs = this.deps.clock.monotonicMs() + limitMs;
    for (let againMs = ASK_AGAIN_MS; ; againMs = Math.min(ASK_AGAIN_MAX_MS, againMs * 2)) {
      const answer = await ask();
      if (answer !== undefined || isOver() || this.deps.clock.monotonicMs() >= endMs) return answer;
      await sleep(this.deps.clock, againMs, this.#stop.signal);
    }
  }

  async #reconcile(): Promise<number> {
    if (!this.isUp) return Infinity;
    const lastMs = this.#looksAgain ? RECONCILE_SOON_MS : this.config.limits.reconcileMs;
    this.#looksAgain = false;
    const overMs = await this.calls.reconcile();
    return Math.min(lastMs, Math.max(RECONCILE_AT_LEAST_MS, overMs ?? lastMs));
  }
}
