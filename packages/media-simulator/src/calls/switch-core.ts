// The small switch behind the simulated Event Socket: legs, what runs on them, and the events they cause.
//   K1. What happens to one leg is told in the order a real FreeSWITCH tells it, as the recordings show; between two legs
//       no order is promised.
//   K2. A command is answered before its effect happens: `later` puts effects behind the answer.
//   K3. A leg that has ended does nothing more, and is forgotten.
import type { Clock, Timer } from '@parkade/clock';
import { runApplication } from './applications.js';
import type { Action, CallerProfile, Channel, ChannelState } from './channel.js';
import type { Fields } from './channel-fields.js';
import { SwitchEvents } from './switch-events.js';
import type { Phone } from '../sip/phone.js';

export interface CoreConfig {
  /** `FreeSWITCH-Hostname`. */
  readonly name: string;
  readonly domain: string;
  /** What a number leads to; `undefined`: no route. `leg` is the one that is routed; none for an `originate` to a number. */
  readonly dialplan: (destination: string, context: string, leg?: Channel) => readonly Action[] | undefined;
  /** How long a sound lasts that has an end, in milliseconds. */
  readonly soundMs: number;
}

export interface CoreDeps {
  readonly clock: Clock;
  readonly newUuid: () => string;
  /** The id of a leg that nobody gave one. */
  readonly newLegUuid: () => string;
  /** `sofia recover`. */
  readonly recover: () => string;
  /** `fsctl shutdown …`. */
  readonly shutDown: (argument: string) => string;
  /** Connects a leg with an application (`socket`); answers what ends it. */
  readonly openSocket: (
    channel: Channel,
    address: string,
    isAsync: boolean,
    ended: (resume: boolean) => void,
  ) => () => void;
}

/** Another switch, reached over SIP. */
export interface Trunk {
  /** What the calls of this side look like from the other one. */
  readonly phone: Phone;
  /** Calls a number over there for a leg of this side; answers what hangs up. */
  readonly call: (number: string, near: Channel, news: TrunkNews) => () => void;
}

export interface TrunkNews {
  readonly answered: () => void;
  readonly ended: (cause: string) => void;
}

export class SwitchCore {
  readonly channels = new Map<string, Channel>();
  readonly phones = new Map<string, Phone>();
  /** Legs that ring: `pickUp` takes the call, `fail` ends the attempt with another cause than the leg's own. */
  readonly ringing = new Map<Channel, { readonly pickUp: () => void; readonly fail: (cause: string) => void }>();
  readonly coreUuid: string;
  readonly events: SwitchEvents;
  /** Runs between the answer to `uuid_bridge` and its effect. */
  beforeBridge: (a: string, b: string) => void = () => undefined;
  /** Runs when both legs have left what they did, before they talk. */
  amidBridge: (a: string, b: string) => void = () => undefined;
  readonly #timers = new Set<Timer>();
  /** Other switches, by the `host:port` that SIP is sent to. */
  readonly trunks = new Map<string, Trunk>();
  readonly #answered = new Map<Channel, () => void>();
  readonly #gone = new Map<Channel, (() => void)[]>();
  #stopped = false;

  constructor(
    readonly config: CoreConfig,
    readonly deps: CoreDeps,
  ) {
    this.coreUuid = deps.newUuid();
    this.events = new SwitchEvents(config.name, this.coreUuid, deps.clock);
  }

  /** Runs `fn` behind the answer to the command at hand, unless the switch has stopped by then. */
  later(fn: () => void): void {
    this.deps.clock.defer(() => {
      if (!this.#stopped) fn();
    });
  }

  /**
   * As `later`, for what takes a leg elsewhere, into `next`: the `socket` application that is not `async` holds it until its connection
   * ends. What it was told last counts then.
   */
  whenFree(channel: Channel, next: ChannelState, fn: () => void): void {
    const effect = (): void => {
      channel.nextState = undefined;
      fn();
    };
    this.later(() => {
      if (channel.held === undefined) return effect();
      channel.nextState = next;
      channel.held = [effect];
    });
  }

  after(delayMs: number, fn: () => void): Timer {
    const timer = this.deps.clock.setTimer(delayMs, () => {
      this.#timers.delete(timer);
      fn();
    });
    this.#timers.add(timer);
    return timer;
  }

  /** Nothing happens here any more. */
  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers) timer.cancel();
    this.events.clear();
  }

  find(uuid: string): Channel | undefined {
    return this.channels.get(uuid);
  }

  /** Tells everybody who listens. */
  emit(name: string, channel: Channel | undefined, extra: Fields = {}): void {
    this.events.emit(name, channel, extra);
  }

  /** Hands every event's fields to `listener`. */
  listen(listener: (fields: Fields) => void): () => void {
    return this.events.onEvent((event) => listener(event.fields()));
  }

  /** What every event begins with. */
  common(name: string): Fields {
    return this.events.common(name);
  }

  /** A leg and its variables, as an event would tell of them. */
  about(name: string, channel: Channel): Fields {
    return this.events.about(name, channel);
  }

  /** Takes a new leg in. */
  add(channel: Channel): void {
    this.channels.set(channel.uuid, channel);
    channel.phone.legs.push(channel);
    channel.variables.set('uuid', channel.uuid);
    channel.variables.set('direction', channel.direction);
    this.emit('CHANNEL_CREATE', channel);
  }

  /** Calls `fn` when the leg is answered. */
  onAnswer(channel: Channel, fn: () => void): void {
    this.#answered.set(channel, fn);
  }

  /** Calls `fn` when the leg has ended. */
  onGone(channel: Channel, fn: () => void): void {
    this.#gone.set(channel, [...(this.#gone.get(channel) ?? []), fn]);
  }

  /** The attempt that rings this leg ends with `cause`, whatever the leg's own will be. */
  settleRinging(channel: Channel, cause: string): void {
    this.ringing.get(channel)?.fail(cause);
  }

  answer(channel: Channel): void {
    if (channel.answerState !== 'ringing') return;
    channel.answerState = 'answered';
    if (channel.callState === 'DOWN') channel.callState = 'RINGING';
    channel.variables.set('endpoint_disposition', 'ANSWER');
    this.emit('CHANNEL_ANSWER', channel);
    channel.callState = 'ACTIVE';
    this.#answered.get(channel)?.();
    this.#answered.delete(channel);
  }

  park(channel: Channel): void {
    channel.parked = true;
    channel.mustLeavePark = false;
    // It counts for this park alone.
    const seconds = Number(channel.variables.get('park_timeout') ?? 0);
    channel.variables.delete('park_timeout');
    this.emit('CHANNEL_PARK', channel);
    if (seconds > 0) channel.parkLimit = this.after(seconds * 1_000, () => this.hangUp(channel, 'NORMAL_CLEARING'));
  }

  /** Runs the dial plan's next applications, until one takes time; at the end the call is over. */
  advance(channel: Channel): void {
    while (channel.isAlive && channel.running === undefined && channel.bridge === undefined) {
      const [next, ...rest] = channel.program;
      if (next === undefined) {
        this.hangUp(channel, 'NORMAL_CLEARING');
        return;
      }
      channel.program = rest;
      runApplication(this, channel, next, 'dialplan');
    }
  }

  /** Ends what runs on a leg, innermost first, and tells it. */
  leave(channel: Channel): void {
    channel.waiting.length = 0;
    channel.mustLeavePark = false;
    this.endNested(channel);
    if (channel.parked) {
      channel.parked = false;
      channel.parkLimit?.cancel();
      this.emit('CHANNEL_UNPARK', channel);
    }
    this.endRunning(channel);
  }

  endNested(channel: Channel): void {
    const { nested } = channel;
    channel.nested = undefined;
    if (nested === undefined) return;
    nested.stop();
    this.emit('CHANNEL_EXECUTE_COMPLETE', channel, applicationFields(nested));
    const next = channel.waiting.shift();
    if (next !== undefined) next();
    else if (channel.mustLeavePark) this.#endPark(channel);
  }

  /** The connection that brought a leg ends: the park it is in ends with it, and the dial plan goes on. */
  endPark(channel: Channel): void {
    if (!channel.isAlive || !channel.parked || channel.running?.application !== 'park') return;
    channel.mustLeavePark = true;
    if (channel.nested === undefined) this.#endPark(channel);
  }

  #endPark(channel: Channel): void {
    this.leave(channel);
    this.advance(channel);
  }

  endRunning(channel: Channel): void {
    const { running } = channel;
    channel.running = undefined;
    if (running === undefined) return;
    running.stop();
    this.emit('CHANNEL_EXECUTE_COMPLETE', channel, applicationFields(running));
  }

  /**
   * Sends a leg through other applications (`undefined`: a number without a route, which ends it); its partner in a
   * conversation is let go. Happens behind the answer, and what it leads to is looked up then.
   */
  transfer(channel: Channel, route: () => readonly Action[] | undefined, profile: Partial<CallerProfile>): void {
    this.whenFree(channel, 'CS_ROUTING', () => {
      if (!channel.isAlive) return;
      channel.turnCallerIds();
      channel.profile = { ...channel.profile, ...profile, createdMs: this.deps.clock.nowMs() };
      channel.other = undefined;
      const program = route();
      const partner = this.unbridge(channel);
      this.leave(channel);
      channel.state = 'CS_EXECUTE';
      channel.program = program ?? [];
      if (partner !== undefined) this.letGo(partner);
      if (program === undefined) this.hangUp(channel, 'NO_ROUTE_DESTINATION');
      else this.advance(channel);
    });
  }

  /** Joins two legs, whatever ran on them having ended. `byUuid`: an event of `uuid_bridge` names the other leg's channel. */
  join(a: Channel, b: Channel, byUuid: boolean): void {
    a.bridge = b.bridge = { a, b };
    a.meets(b);
    b.meets(a);
    if (byUuid) nameEachOther(a, b);
    this.emit('CHANNEL_BRIDGE', a, { 'Bridge-A-Unique-ID': a.uuid, 'Bridge-B-Unique-ID': b.uuid });
    nameEachOther(a, b);
    a.variables.set('last_bridge_to', b.uuid);
    b.variables.set('last_bridge_to', a.uuid);
  }

  /** Ends a leg's conversation; answers who is left alone. */
  unbridge(channel: Channel): Channel | undefined {
    const { bridge, peer } = channel;
    if (bridge === undefined || peer === undefined) return undefined;
    bridge.a.bridge = bridge.b.bridge = undefined;
    this.emit('CHANNEL_UNBRIDGE', bridge.a, {
      'Bridge-A-Unique-ID': bridge.a.uuid,
      'Bridge-B-Unique-ID': bridge.b.uuid,
    });
    return peer;
  }

  hangUp(channel: Channel, cause: string): void {
    if (!channel.isAlive) return;
    channel.answerState = 'hangup';
    channel.cause = cause;
    this.emit('CHANNEL_HANGUP', channel);
    const partner = this.unbridge(channel);
    this.leave(channel);
    channel.state = 'CS_HANGUP';
    this.emit('CHANNEL_STATE', channel);
    for (const fn of this.#gone.get(channel) ?? []) fn();
    this.#gone.delete(channel);
    this.#answered.delete(channel);
    channel.state = 'CS_REPORTING';
    channel.callState = 'HANGUP';
    this.emit('CHANNEL_STATE', channel);
    this.emit('CHANNEL_HANGUP_COMPLETE', channel);
    this.channels.delete(channel.uuid);
    const at = channel.phone.legs.indexOf(channel);
    if (at >= 0) channel.phone.legs.splice(at, 1);
    this.emit('CHANNEL_DESTROY', channel);
    if (partner !== undefined) this.letGo(partner);
  }

  /**
   * The connection of a `socket` application that a leg has left ends, and the leg is set to resume: it is thrown out of
   * whatever it does since, and does nothing any more.
   */
  reset(channel: Channel): void {
    if (!channel.isAlive) return;
    const partner = this.unbridge(channel);
    this.leave(channel);
    channel.program = [];
    channel.state = 'CS_RESET';
    if (partner !== undefined) this.letGo(partner);
  }

  /** What becomes of a leg whose partner is gone. */
  letGo(channel: Channel): void {
    const inDialplan = channel.running?.application === 'bridge' || channel.running?.application === 'intercept';
    this.endRunning(channel);
    if (channel.isTrue('park_after_bridge')) {
      channel.state = 'CS_PARK';
      this.park(channel);
    } else if (inDialplan && !channel.isTrue('hangup_after_bridge')) this.advance(channel);
    else this.hangUp(channel, 'NORMAL_CLEARING');
  }
}

/** How an event names an application. */
export function applicationFields(running: {
  readonly application: string;
  readonly argument: string;
  readonly applicationUuid: string;
}): Fields {
  return {
    Application: running.application,
    'Application-Data': running.argument,
    'Application-Response': '_none_',
    'Application-UUID': running.applicationUuid,
  };
}

function nameEachOther(a: Channel, b: Channel): void {
  for (const [leg, other] of [
    [a, b],
    [b, a],
  ] as const) {
    leg.variables.set('bridge_uuid', other.uuid);
    leg.variables.set('bridge_channel', other.name);
  }
}
