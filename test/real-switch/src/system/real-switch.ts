import { setTimeout as delay } from 'node:timers/promises';
import { SystemClock, SystemRandom } from '@parkade/clock';
import { type EslEvent, InboundConnection } from '@parkade/esl';
import type { Line } from '../phones/line.js';
import type { Surroundings } from '../phones/phone.js';
import type { SwitchSettings } from './settings.js';

const UP_WITHIN_MS = 60_000;
const REPLY_MS = 10_000;
const KNOWN_WITHIN_MS = 15_000;

/** A leg as the switch tells of it: every field of its dump. */
export type Leg = Readonly<Record<string, string>>;

/** A FreeSWITCH that somebody else runs, looked at and told over an Event Socket of the test's own. */
export class RealSwitch {
  readonly #stop = new AbortController();
  readonly #connection: InboundConnection;
  readonly #listeners = new Set<(event: EslEvent) => void>();
  #run: Promise<void> = Promise.resolve();

  private constructor(
    readonly eventSocket: { readonly host: string; readonly port: number },
    private readonly settings: SwitchSettings,
    private readonly sipAddress: string | undefined,
    events: readonly string[],
  ) {
    this.#connection = new InboundConnection(
      {
        ...eventSocket,
        password: settings.password,
        subscription: { events, customSubclasses: ['valet_parking::info'] },
        backoff: { maxMs: 500 },
      },
      {
        clock: new SystemClock(),
        random: new SystemRandom(),
        mayWrite: () => true,
        listener: {
          onUp: () => undefined,
          onDown: () => undefined,
          onEvent: (event) => {
            for (const listener of this.#listeners) listener(event);
          },
          onUnreadable: () => undefined,
          onFault: (error) => {
            throw error;
          },
        },
      },
    );
  }

  /** Connects to every switch; rejects when one does not answer, or is not set up for Parkade. */
  static async connectAll(
    settings: SwitchSettings,
    { events = [] }: { readonly events?: readonly string[] } = {},
  ): Promise<readonly RealSwitch[]> {
    const switches = settings.eventSockets.map(
      (at, i) => new RealSwitch(at, settings, settings.sipAddresses?.[i], events),
    );
    for (const one of switches) {
      one.#run = one.#connection.run(one.#stop.signal);
      await one.up();
      if ((await one.node()) === '') {
        throw new Error(
          `the switch at ${one.eventSocket.host}:${one.eventSocket.port} has no parkade_node: see deploy/freeswitch`,
        );
      }
    }
    return switches;
  }

  /** Waits until commands are answered. */
  async up(): Promise<void> {
    const endMs = Date.now() + UP_WITHIN_MS;
    const { host, port } = this.eventSocket;
    while (!this.#connection.isUp) {
      if (Date.now() > endMs) throw new Error(`no FreeSWITCH lets this machine in at ${host}:${port}`);
      await delay(50);
    }
  }

  get isUp(): boolean {
    return this.#connection.isUp;
  }

  async api(command: string, args = ''): Promise<string> {
    const result = await this.#connection.api(command, args, REPLY_MS);
    return result.ok ? result.reply.text.trim() : result.reason === 'refused' ? result.text.trim() : '';
  }

  /** Hears the events that were asked for, and the switch's own valet parking; answers what ends it. */
  onEvent(listener: (event: EslEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** As `api`, beside what else is asked: for what takes its time. */
  async job(command: string, args = ''): Promise<string> {
    const result = await this.#connection.bgapi(command, args, REPLY_MS);
    return result.ok || result.reason === 'refused' ? result.text.trim() : '';
  }

  /** The name under which its dial plan knows it. */
  node(): Promise<string> {
    return this.global('parkade_node');
  }

  /** Where its dial plan looks for media processes: `host:port`, the same one once. */
  async listeners(): Promise<readonly string[]> {
    const both = [await this.global('parkade_listener_1'), await this.global('parkade_listener_2')];
    return [...new Set(both)].filter((one) => one !== '');
  }

  global(name: string): Promise<string> {
    return this.api('global_getvar', name);
  }

  /** `host:port` of a SIP profile; empty: it does not run. */
  async sipOf(profile: string): Promise<string> {
    const text = await this.api('sofia', `status profile ${profile}`);
    return /^URL\s+sip:(?:[^@\s]*@)?([^;\s]+)/m.exec(text)?.[1] ?? '';
  }

  /** What phones at this switch need to know. */
  async surroundings(): Promise<Surroundings> {
    const { localHost, profile, userPassword } = this.settings;
    const sip = this.sipAddress ?? (await this.sipOf(profile));
    const password = userPassword ?? (await this.global('default_password'));
    return { localHost, sip, domain: await this.global('domain'), password };
  }

  /** Every leg there is. */
  async legs(): Promise<readonly Leg[]> {
    const { rows = [] } = JSON.parse(await this.api('show', 'channels as json')) as { rows?: { uuid: string }[] };
    const dumps = await Promise.all(rows.map(({ uuid }) => this.leg(uuid)));
    return dumps.filter((leg) => leg !== undefined);
  }

  async leg(uuid: string): Promise<Leg | undefined> {
    const text = await this.api('uuid_dump', `${uuid} json`);
    return text.startsWith('{') ? (JSON.parse(text) as Leg) : undefined;
  }

  /** The leg of a phone's call. */
  async legOf(line: Line): Promise<Leg | undefined> {
    return (await this.legs()).find((leg) => leg['variable_sip_call_id'] === line.callId);
  }

  /** The id of the leg of a phone's call; the switch lists its legs a little late. */
  async known(line: Line): Promise<string> {
    const endMs = Date.now() + KNOWN_WITHIN_MS;
    for (;;) {
      const leg = (await this.legOf(line))?.['Unique-ID'];
      if (leg !== undefined) return leg;
      if (Date.now() > endMs) throw new Error(`the switch has no leg for ${line.callId}`);
      await delay(20);
    }
  }

  /** Ends every call and waits until none is left. */
  async clear(): Promise<void> {
    const endMs = Date.now() + UP_WITHIN_MS;
    for (;;) {
      const legs = await this.legs();
      if (legs.length === 0) return;
      if (Date.now() > endMs) throw new Error(`${legs.length} legs do not end`);
      for (const leg of legs) await this.api('uuid_kill', leg['Unique-ID']);
      await delay(100);
    }
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#run;
  }
}
