// A small FreeSWITCH for tests and demonstrations: a real Event Socket on loopback, legs and phones in memory, no media
// and no SIP. Whatever is shown with it says so.
//   W1. Every reply and every order of events that it has is one of the recordings'; a test replays them.
//   W2. `crash` ends it as SIGKILL does, without a word; `restart` brings it back on the same port, with nothing but what
//       a profile that tracks its calls can recover.
import { connect } from 'node:net';
import type { Clock, Random } from '@parkade/clock';
import { type ListenForSockets, randomUuid, type SocketListener, tcpListen } from '@parkade/esl';
import { Channel } from './calls/channel.js';
import { type CoreConfig, SwitchCore, type Trunk } from './calls/switch-core.js';
import type { EslConnection } from './esl/connection.js';
import { InboundPeer } from './esl/inbound-peer.js';
import { type OpeningSocket, OutboundPeer } from './esl/outbound-peer.js';
import { Phone } from './sip/phone.js';
import { type InviteOptions, placeCall, refer, route } from './sip/sip-calls.js';

export interface SwitchConfig extends Partial<CoreConfig> {
  readonly name: string;
  readonly dialplan: CoreConfig['dialplan'];
  /** Default `ClueCon`. */
  readonly password?: string;
  /** Whether the profile tracks its calls, for `sofia recover`. */
  readonly trackCalls?: boolean;
  /** 0 (default): any free port. */
  readonly port?: number;
}

export interface SwitchDeps {
  readonly clock: Clock;
  readonly random: Random;
  /** Ids of new legs; random without it. */
  readonly newLegUuid?: () => string;
  /** How it is reached, and how it reaches applications; default: TCP on loopback. */
  readonly sockets?:
    | {
        readonly listen: ListenForSockets;
        readonly connect: (target: { readonly host: string; readonly port: number }) => OpeningSocket;
      }
    | undefined;
}

export interface PhoneOptions {
  readonly displayName?: string;
  readonly port?: number;
  readonly context?: string;
  readonly domain?: string;
  /** Default true. */
  readonly authenticated?: boolean;
}

export class SimulatedSwitch {
  #core: SwitchCore;
  readonly #phones = new Map<string, Phone>();
  readonly #trunks = new Map<string, Trunk>();
  readonly #peers = new Set<EslConnection>();
  #server: SocketListener | undefined;
  #port = 0;
  #recoverable: readonly Channel[] = [];

  private constructor(
    private readonly config: SwitchConfig,
    private readonly deps: SwitchDeps,
  ) {
    this.#core = this.#newCore();
  }

  /** Starts a switch on 127.0.0.1. */
  static async start(config: SwitchConfig, deps: SwitchDeps): Promise<SimulatedSwitch> {
    const simulated = new SimulatedSwitch(config, deps);
    await simulated.#listen(config.port ?? 0);
    return simulated;
  }

  /** The port of its Event Socket. */
  get port(): number {
    return this.#port;
  }

  /** Connections to its Event Socket that have given the password. */
  get controllers(): number {
    return [...this.#peers].filter((peer) => peer instanceof InboundPeer && peer.authenticated).length;
  }

  get core(): SwitchCore {
    return this.#core;
  }

  /** Connections to its Event Socket, and of its legs to applications. */
  get connections(): number {
    return this.#peers.size;
  }

  /** The phone of a user; made at first use. */
  phone(user: string, options: PhoneOptions = {}): Phone {
    let phone = this.#phones.get(user);
    if (phone === undefined) {
      const {
        displayName = user,
        port = 51_000 + this.#phones.size,
        context = 'default',
        authenticated = true,
      } = options;
      const domain = options.domain ?? this.config.domain ?? '127.0.0.1';
      phone = new Phone(user, domain, port, displayName, context, authenticated);
      this.#phones.set(user, phone);
      this.#core.phones.set(user, phone);
    }
    return phone;
  }

  /**
   * Makes `other` reachable by SIP at `address` (`host:port`); its calls from here come into `context`. `from` is the address
   * they come from.
   */
  connectTo(other: SimulatedSwitch, address: string, context: string, from = '127.0.0.1'): void {
    const phone = new Phone(`trunk-${address}`, from, 0, '', context, false);
    phone.behaviour = { kind: 'rings' };
    const trunk: Trunk = {
      phone,
      call: (number, near, news) => {
        const far = other.#core;
        const { name: callerName, number: callerNumber } = near.profile;
        const leg = placeCall(far, phone, number, { callerName, callerNumber });
        [leg.across, near.across] = [near, leg];
        leg.variables.set('sip_network_ip', from);
        far.onAnswer(leg, news.answered);
        far.onGone(leg, () => news.ended(leg.cause ?? 'NORMAL_CLEARING'));
        return () => far.later(() => far.hangUp(leg, 'NORMAL_CLEARING'));
      },
    };
    this.#trunks.set(address, trunk);
    this.#core.trunks.set(address, trunk);
  }

  /** The phone calls a number. */
  call(user: string, destination: string, options: InviteOptions = {}): Channel {
    return placeCall(this.#core, this.phone(user), destination, options);
  }

  /** Takes a call that rings. False when none does. */
  pickUp(leg: Channel): boolean {
    const ringing = this.#core.ringing.get(leg);
    ringing?.pickUp();
    return ringing !== undefined;
  }

  /** The phone of a leg presses a key. */
  press(leg: Channel, digit: string): void {
    this.#core.emit('DTMF', leg, { 'DTMF-Digit': digit, 'DTMF-Duration': '2000', 'DTMF-Source': 'RTP' });
  }

  /** The phone of a leg hangs up; the caller of a leg that is not answered cancels. */
  hangUp(leg: Channel, cause?: string): void {
    const cancelled = leg.direction === 'inbound' && leg.answerState === 'ringing';
    this.#core.hangUp(leg, cause ?? (cancelled ? 'ORIGINATOR_CANCEL' : 'NORMAL_CLEARING'));
  }

  /** The phone of `leg` transfers its other party blindly. `referredBy` undefined: it sends the usual header; null: none. */
  transferBlind(leg: Channel, target: string, referredBy?: string | null): void {
    const own = `<sip:${leg.phone.user}@${leg.phone.domain}>`;
    refer(this.#core, leg, target, { referredBy: referredBy === null ? undefined : (referredBy ?? own) });
  }

  /**
   * The phone of `leg` joins its other party with the far end of `consult`, its own second call, which may be at another
   * switch (not recorded: taken as if both were here).
   */
  transferAttended(leg: Channel, consult: Channel, at: SimulatedSwitch = this): void {
    const target = consult.profile.destination;
    const replaces = consult.variables.get('sip_call_id');
    const referredBy = `<sip:${leg.phone.user}@${leg.phone.domain}>`;
    consult.variables.set('transfer_disposition', 'replaced');
    at.#core.hangUp(consult, 'ATTENDED_TRANSFER');
    refer(this.#core, leg, target, { referredBy, replaces });
  }

  /** Ends without a word, as SIGKILL does. */
  async crash(): Promise<void> {
    this.#recoverable = this.config.trackCalls === true ? [...this.#core.channels.values()] : [];
    this.#core.stop();
    for (const phone of this.#phones.values()) phone.legs.length = 0;
    for (const peer of this.#peers) peer.socket.destroy();
    await this.#close();
  }

  /** Comes back on the same port, a new instance without calls. */
  async restart(): Promise<void> {
    this.#core = this.#newCore();
    await this.#listen(this.#port);
  }

  /** `fsctl shutdown`, also what SIGTERM does: says so, hangs everybody up, and ends. */
  async shutDown(): Promise<void> {
    this.#core.emit('SHUTDOWN', undefined, { 'Event-Info': 'System Shutting Down' });
    for (const channel of [...this.#core.channels.values()]) this.#core.hangUp(channel, 'SYSTEM_SHUTDOWN');
    for (const peer of this.#peers) peer.sayGoodbye('The system is being shut down.\n');
    this.#core.stop();
    await this.#close();
  }

  /** Cuts every Event Socket connection and takes no new one, while the calls live on; until `heal`. */
  async cut(): Promise<void> {
    for (const peer of this.#peers) if (peer instanceof InboundPeer) peer.socket.destroy();
    await this.#close();
  }

  heal(): Promise<void> {
    return this.#listen(this.#port);
  }

  /** Stops everything at once. */
  async close(): Promise<void> {
    this.#core.stop();
    for (const peer of this.#peers) peer.socket.destroy();
    await this.#close();
  }

  #newCore(): SwitchCore {
    const { config, deps } = this;
    const core = new SwitchCore(
      {
        name: config.name,
        domain: config.domain ?? '127.0.0.1',
        dialplan: config.dialplan,
        soundMs: config.soundMs ?? 20,
      },
      {
        clock: deps.clock,
        newUuid: () => randomUuid(deps.random),
        newLegUuid: deps.newLegUuid ?? (() => randomUuid(deps.random)),
        openSocket: (channel, address, isAsync, ended) => {
          const peer = new OutboundPeer(core, channel, { address, isAsync }, deps.sockets?.connect ?? connect, ended);
          this.#track(peer);
          return () => peer.leave();
        },
        recover: () => this.#recover(),
        shutDown: () => {
          core.later(() => void this.shutDown());
          return '+OK\n';
        },
      },
    );
    for (const [user, phone] of this.#phones) core.phones.set(user, phone);
    for (const [address, trunk] of this.#trunks) core.trunks.set(address, trunk);
    return core;
  }

  #recover(): string {
    const lost = this.#recoverable.filter(({ answerState }) => answerState === 'answered');
    this.#recoverable = [];
    const core = this.#core;
    for (const old of lost) {
      const leg = new Channel(old.uuid, old.direction, old.name, old.phone, old.profile);
      for (const [name, value] of old.variables) leg.variables.set(name, value);
      leg.variables.set('recovered', 'true');
      [leg.answerState, leg.callState] = ['answered', 'ACTIVE'];
      core.later(() => {
        core.add(leg);
        leg.state = 'CS_EXECUTE';
        route(core, leg, leg.profile.destination);
      });
    }
    return lost.length === 0 ? 'No calls to recover.\n' : `Recovered ${lost.length} call(s)\n`;
  }

  async #listen(port: number): Promise<void> {
    const password = this.config.password ?? 'ClueCon';
    // Half-open, so that an application that shuts its side down still hears goodbye.
    const listen = this.deps.sockets?.listen ?? tcpListen({ allowHalfOpen: true });
    const server = await listen(
      '127.0.0.1',
      port,
      (socket) => this.#track(new InboundPeer(this.#core, socket, password)),
      () => undefined,
    );
    this.#server = server;
    this.#port = server.port;
  }

  #track(peer: EslConnection): void {
    this.#peers.add(peer);
    peer.socket.on('close', () => this.#peers.delete(peer));
  }

  async #close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    // What was not closed by now ends by itself: a goodbye may still be on its way.
    await Promise.race([server.close(), new Promise<void>((resolve) => this.deps.clock.defer(resolve))]);
  }
}
