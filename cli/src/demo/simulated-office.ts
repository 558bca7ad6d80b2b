import type { Clock, Random } from '@parkade/clock';
import {
  DEFAULT_ANNOUNCEMENTS,
  DEFAULT_MEDIA_LIMITS,
  DEFAULT_PICKUP_CONTEXT,
  DEFAULT_ROUTED_MEDIA,
  type Media,
  MEDIA_ROLE,
  NodeClients,
  registerMediaNode,
  RoutedMedia,
  startMedia,
} from '@parkade/media';
import { parkDialplan, SimulatedSwitch } from '@parkade/media-simulator';
import { namedPartitions, OwnerDirectory } from '@parkade/ownership';
import { DEFAULT_LIMITS, startRecall } from '@parkade/recall';
import type { Log } from '@parkade/rpc';
import { DEFAULT_CODES, putLot, putTenant } from '@parkade/settings';
import type { Store } from '@parkade/store';

export interface OfficeDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** `host:port`. */
  readonly gateway: string;
  readonly shardCount: number;
  readonly leaseTtlMs: number;
  readonly version: string;
}

/** A simulated switch, and where the other one sends it SIP: an address that only the two of them know. */
interface Node {
  readonly name: string;
  readonly sipAddress: string;
  readonly sim: SimulatedSwitch;
}

export const OFFICE_TENANT = 'office';
const DOMAIN = 'office.example';
/** Shorter than anybody would have it, so that a demonstration is not spent waiting. */
export const OFFICE_TIMES = { ringback_timeout_ms: 2_500, callback_timeout_ms: 2_000 };
const MEMBER = { host: '127.0.0.1', port: 0 };

/**
 * An office whose phones are at two simulated FreeSWITCH nodes, and the real services around them: a media process for each node,
 * and a recall process. There is no SIP and no audio; the event sockets are real ones, and behave as recorded from a real switch.
 */
export class SimulatedOffice {
  readonly #nodes: Node[] = [];
  readonly #medias: Media[] = [];
  readonly #ends: (() => unknown)[] = [];

  private constructor(private readonly deps: OfficeDeps) {}

  /** Rejects, with nothing left running, where something does not start. */
  static async start(deps: OfficeDeps): Promise<SimulatedOffice> {
    const office = new SimulatedOffice(deps);
    try {
      await office.#start();
      return office;
    } catch (error) {
      await office.close();
      throw error;
    }
  }

  /** A node, `fs-1` or `fs-2`. */
  node(name: string): SimulatedSwitch {
    const node = this.#nodes.find((each) => each.name === name);
    if (node === undefined) throw new Error(`there is no node ${name}`);
    return node.sim;
  }

  /** Which node each media process controls now. */
  get controlled(): readonly (readonly string[])[] {
    return this.#medias.map((media) => media.nodesUp());
  }

  /** Whether every node is controlled. */
  get isUp(): boolean {
    return this.controlled.flat().length === this.#nodes.length;
  }

  async close(): Promise<void> {
    for (const end of this.#ends.splice(0).reverse()) await end();
  }

  async #start(): Promise<void> {
    const { store } = this.deps;
    await putTenant(store, OFFICE_TENANT, {});
    await putLot(store, OFFICE_TENANT, 'default', { ranges: [{ first: '701', last: '705' }], ...OFFICE_TIMES });
    await this.#addNode('fs-1', '127.0.0.1:5081', ['1001', '2001']);
    await this.#addNode('fs-2', '127.0.0.1:5082', ['1002']);
    const [first, second] = this.#nodes;
    if (first === undefined || second === undefined) throw new Error('two nodes are needed');
    first.sim.connectTo(second.sim, second.sipAddress, DEFAULT_PICKUP_CONTEXT);
    second.sim.connectTo(first.sim, first.sipAddress, DEFAULT_PICKUP_CONTEXT);
    await this.#addMedia('media-1');
    await this.#addMedia('media-2');
    await this.#addRecall();
  }

  async #addNode(name: string, sipAddress: string, users: readonly string[]): Promise<void> {
    const { store, clock, random } = this.deps;
    const dialplan = parkDialplan({
      domain: DOMAIN,
      codes: /^7\d\d$/,
      listeners: () => this.#medias.map(({ outboundPort }) => `127.0.0.1:${outboundPort ?? 0}`),
      pickupContext: DEFAULT_PICKUP_CONTEXT,
    });
    const sim = await SimulatedSwitch.start({ name, domain: DOMAIN, dialplan }, { clock, random });
    this.#ends.push(() => sim.close());
    this.#nodes.push({ name, sipAddress, sim });
    for (const user of users) sim.phone(user);
    const fault = await registerMediaNode(store, {
      name,
      host: '127.0.0.1',
      port: sim.port,
      sipAddress,
      recovers: false,
    });
    if (fault !== undefined) throw new Error(`node ${name} cannot be registered: ${fault}`);
  }

  async #addMedia(memberId: string): Promise<void> {
    const { version, leaseTtlMs, gateway, ...deps } = this.deps;
    const media = await startMedia(
      {
        ...MEMBER,
        memberId,
        version,
        leaseTtlMs,
        gateway,
        outbound: { host: '127.0.0.1', port: 0 },
        password: 'ClueCon',
        tenants: [{ tenantId: OFFICE_TENANT, context: 'default', domain: DOMAIN }],
        codes: DEFAULT_CODES,
        announcements: DEFAULT_ANNOUNCEMENTS,
        limits: DEFAULT_MEDIA_LIMITS,
      },
      deps,
    );
    this.#ends.push(() => media.close());
    this.#medias.push(media);
  }

  async #addRecall(): Promise<void> {
    const { store, clock, random, log, version, leaseTtlMs, shardCount } = this.deps;
    const report = (what: string, error: unknown): void => log.warn(`media-owners-${what}`, { error });
    const space = namedPartitions(MEDIA_ROLE, () => []);
    const owners = new OwnerDirectory<string>(space, { store, clock, random, report });
    this.#ends.push(() => owners.close());
    await owners.start();
    const clients = new NodeClients(owners, clock);
    this.#ends.push(() => clients.close());
    const routed = { ...DEFAULT_ROUTED_MEDIA, domains: { [OFFICE_TENANT]: DOMAIN } };
    const media = new RoutedMedia(routed, clients, clock, log);
    this.#ends.push(() => media.close());
    const config = { ...MEMBER, memberId: 'recall-1', version, leaseTtlMs, limits: DEFAULT_LIMITS };
    const recall = await startRecall(config, shardCount, { store, clock, random, log, media });
    this.#ends.push(() => recall.close());
  }
}
