import { ManualClock, SeededRandom, sleep } from '@parkade/clock';
import { OutboundServer } from '@parkade/esl';
import { type Channel, parkDialplan, SimulatedSwitch } from '@parkade/media-simulator';
import { DEFAULT_CODES } from '@parkade/settings';
import { IncomingCalls } from '../calls/incoming.js';
import { DEFAULT_ANNOUNCEMENTS, DEFAULT_MEDIA_LIMITS, DEFAULT_PICKUP_CONTEXT, type MediaConfig } from '../config.js';
import { NodeAgent } from '../nodes/node-agent.js';
import type { SwitchCommands } from '../switch/node-switch.js';
import { MemorySockets } from './memory-sockets.js';
import { OneSlot, type RequestFault } from './one-slot.js';

const DOMAIN = 'acme.example';
const ADDRESSES: Readonly<Record<string, string>> = { here: '127.0.0.11:5060', there: '127.0.0.12:5060' };

/** Told before and after whatever is asked of a switch or of the slot's owner, by its name; says what befalls it. */
export type Around = (step: string, when: 'before' | 'after') => Promise<RequestFault>;

interface TestNode {
  readonly sim: SimulatedSwitch;
  readonly agent: NodeAgent;
}

/** Two simulated switches, the code that controls them, and a slot 701, on simulated time in this process. */
export class TwoNodes {
  readonly clock = new ManualClock();
  readonly random = new SeededRandom(1);
  readonly slot: OneSlot;
  readonly logged: string[] = [];
  readonly #nodes = new Map<string, TestNode>();
  readonly #sockets = new MemorySockets();
  #outbound: OutboundServer | undefined;
  #port = 0;

  private constructor(
    private readonly around: Around,
    private readonly tells: boolean,
    private readonly recovers: boolean,
  ) {
    this.slot = new OneSlot(this.clock, around);
  }

  /** `tells` false: calls come over connections of their dial plan alone. `recovers`: a crashed switch gets its calls back. */
  static async start(
    around: Around,
    { tells = true, recovers = false }: { readonly tells?: boolean; readonly recovers?: boolean } = {},
  ): Promise<TwoNodes> {
    const world = new TwoNodes(around, tells, recovers);
    await world.#listen();
    for (const name of Object.keys(ADDRESSES)) await world.#add(name);
    const [here, there] = [world.here.sim, world.there.sim];
    here.connectTo(there, address('there'), DEFAULT_PICKUP_CONTEXT, hostOf('here'));
    there.connectTo(here, address('here'), DEFAULT_PICKUP_CONTEXT, hostOf('there'));
    await world.pass(100);
    return world;
  }

  /** Where the call is parked. */
  get here(): TestNode {
    return this.#node('here');
  }

  get there(): TestNode {
    return this.#node('there');
  }

  /** A call that is parked in 701 of `here`, by a blind transfer. */
  async parked(): Promise<Channel> {
    const { sim } = this.here;
    const caller = sim.call('2001', '1001');
    await this.pass(20);
    if (caller.peer === undefined) throw new Error('nobody answered');
    sim.transferBlind(caller.peer, '701');
    await this.pass(200);
    if (this.slot.current === undefined) throw new Error(`not parked:\n${this.logged.join('\n')}`);
    return caller;
  }

  /** Another process has a node from now on, which knows nothing of it. */
  async takeOver(name: 'here' | 'there'): Promise<void> {
    const { sim, agent } = this[name];
    const closed = agent.close();
    await this.pass(50);
    await closed;
    this.#control(name, sim);
    await this.pass(100);
  }

  /** Lets time pass: in small steps first, in which whatever is under way goes on, then in larger ones. */
  async pass(ms: number): Promise<void> {
    for (let at = 0; at < ms;) {
      const step = at < BRISK_MS ? STEP_MS : LONG_STEP_MS;
      await this.clock.advance(step);
      at += step;
    }
  }

  /** Waits, on simulated time. */
  sleep(ms: number): Promise<void> {
    return sleep(this.clock, ms);
  }

  async close(): Promise<void> {
    const ended = [...this.#nodes.values()].map(({ agent }) => agent.close());
    await this.#outbound?.close();
    await Promise.all([...this.#nodes.values()].map(({ sim }) => sim.close()));
    await this.pass(100);
    await Promise.all(ended);
  }

  async #listen(): Promise<void> {
    const { clock, random } = this;
    const find = (name: string): NodeAgent | undefined => this.#nodes.get(name)?.agent;
    // There is no other process.
    const clients = { call: () => Promise.reject(new Error('not known now')) };
    const handler = new IncomingCalls(find, clients, DEFAULT_MEDIA_LIMITS.takeMs, this.#log(), clock);
    this.#outbound = new OutboundServer(
      { host: '127.0.0.1', port: 0 },
      { clock, random, handler, listen: this.#sockets.listen },
    );
    this.#port = await this.#outbound.listen();
  }

  async #add(name: string): Promise<void> {
    const { clock, random } = this;
    const sim = await SimulatedSwitch.start(
      {
        name,
        domain: DOMAIN,
        trackCalls: this.recovers,
        dialplan: parkDialplan({
          domain: DOMAIN,
          codes: /^(\*5\d*|7\d\d)$/,
          listeners: () => [`127.0.0.1:${this.#port}`],
          pickupContext: DEFAULT_PICKUP_CONTEXT,
          tells: this.tells,
        }),
      },
      { clock, random, sockets: { listen: this.#sockets.listen, connect: (target) => this.#sockets.open(target) } },
    );
    for (const user of ['1001', '1002', '1003', '2001']) sim.phone(user);
    this.#control(name, sim);
  }

  /** Has an agent of its own control a switch. */
  #control(name: string, sim: SimulatedSwitch): void {
    const { clock, random } = this;
    const agent = new NodeAgent(
      { name, host: '127.0.0.1', port: sim.port, sipAddress: address(name), recovers: this.recovers },
      CONFIG,
      {
        clock,
        random,
        log: this.#log(),
        api: this.slot,
        settingsOf: () => undefined,
        promptAt: () => undefined,
        feed: undefined,
        groupOf: () => undefined,
        addresses: {
          sipAddress: address,
          nodesAt: (host) => Promise.resolve(Object.keys(ADDRESSES).filter((node) => hostOf(node) === host)),
        },
        mayWrite: () => true,
        timed: (commands) => this.#watched(name, commands),
        tell: () => undefined,
        connect: this.#sockets.connect,
      },
    );
    this.#nodes.set(name, { sim, agent });
    agent.start();
  }

  /** The commands of a node, with whatever befalls them. */
  #watched(node: string, commands: SwitchCommands): SwitchCommands {
    const { around } = this;
    return {
      get isUp() {
        return commands.isUp;
      },
      api: async (command, argument, limitMs) => {
        const step = `${command} at ${node}`;
        if ((await around(step, 'before')) === 'lost') return { ok: false, reason: 'down', sent: false };
        const result = await commands.api(command, argument, limitMs);
        if ((await around(step, 'after')) === 'unheard') return { ok: false, reason: 'down', sent: true };
        return result;
      },
      bgapi: async (command, argument, limitMs) => {
        const step = `${command} at ${node}`;
        if ((await around(step, 'before')) === 'lost') return { ok: false, reason: 'down', sent: false };
        const result = await commands.bgapi(command, argument, limitMs);
        if ((await around(step, 'after')) === 'unheard') return { ok: false, reason: 'down', sent: true };
        return result;
      },
      nudge: () => commands.nudge(),
      command: async (command, limitMs) => {
        const step = `${command.line.split(' ')[0] ?? ''} at ${node}`;
        if ((await around(step, 'before')) === 'lost') return { ok: false, reason: 'down', sent: false };
        const result = await commands.command(command, limitMs);
        return (await around(step, 'after')) === 'unheard' ? { ok: false, reason: 'down', sent: true } : result;
      },
    };
  }

  #log(): { info: Say; warn: Say; error: Say } {
    const say: Say = (event, fields = {}) => void this.logged.push(`${event} ${JSON.stringify(fields)}`);
    return { info: say, warn: say, error: say };
  }

  #node(name: string): TestNode {
    const node = this.#nodes.get(name);
    if (node === undefined) throw new Error('there is no such node');
    return node;
  }
}

type Say = (event: string, fields?: Readonly<Record<string, unknown>>) => void;

const BRISK_MS = 500;
const STEP_MS = 5;
const LONG_STEP_MS = 25;

const CONFIG: MediaConfig = {
  memberId: 'media-a',
  host: '127.0.0.1',
  port: 0,
  version: '1.0.0',
  leaseTtlMs: 5_000,
  gateway: '',
  password: 'ClueCon',
  tenants: [{ tenantId: 'acme', domain: DOMAIN }],
  codes: DEFAULT_CODES,
  announcements: DEFAULT_ANNOUNCEMENTS,
  limits: DEFAULT_MEDIA_LIMITS,
};

function address(node: string): string {
  return ADDRESSES[node] ?? '';
}

function hostOf(node: string): string {
  return address(node).split(':')[0] ?? '';
}
