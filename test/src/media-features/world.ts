import { setTimeout as delay } from 'node:timers/promises';
import { MemoryBlobs } from '@parkade/admin';
import { EmbeddedBus } from '@parkade/bus';
import { openParkClient } from '@parkade/cli';
import { SystemClock, SystemRandom } from '@parkade/clock';
import { createGateway, type Gateway, type GatewayDeps } from '@parkade/gateway';
import { HOLDING_LOT } from '@parkade/ids';
import {
  DEFAULT_ANNOUNCEMENTS,
  DEFAULT_MEDIA_LIMITS,
  DEFAULT_PICKUP_CONTEXT,
  DEFAULT_PROMPT_BYTES,
  type Media,
  type MediaConfig,
  type MediaLimits,
  NodeClients,
  registerMediaNode,
  RoutedPhones,
  startMedia,
  type TenantRule,
} from '@parkade/media';
import { type Action, type Channel, SimulatedSwitch } from '@parkade/media-simulator';
import { Consistency, type ListSlotsResponse, type Park, type ParkServiceClient } from '@parkade/proto';
import type { Log } from '@parkade/rpc';
import {
  DEFAULT_CODES,
  type LotSettingsInput,
  putGroup,
  putLot,
  putTenant,
  type TenantSettingsInput,
} from '@parkade/settings';
import { DEFAULT_LIMITS, type SlotShard, startSlotShard } from '@parkade/slot-shard';
import { openEmbeddedStore, type Store } from '@parkade/store';

const SHARDS = 8;
const TIMING = { joinDelayMs: 10, settleMs: 50, claimJitterMs: 1, claimDelayAfterExpiryMs: 0 };

export interface WorldOptions {
  readonly nodes?: readonly string[];
  readonly limits?: Partial<MediaLimits>;
  readonly tenants?: readonly TenantRule[];
  /** The tenant's own settings. */
  readonly settings?: TenantSettingsInput;
  /** What its lot says beside its ranges. */
  readonly lot?: Partial<LotSettingsInput>;
  /** How long a sound of the switches lasts, in ms. */
  readonly soundMs?: number;
  readonly trackCalls?: boolean;
  /** The gateway serves HTTP, and rings phones. */
  readonly http?: boolean;
  /** Where uploaded prompt files are kept for the switches; the gateway serves HTTP then. */
  readonly promptDirectory?: string;
}

/** A tenant `acme` with slots 701 to 703 on simulated switches, and the real services around them, in one process. Settings can be given. */
export class World {
  readonly clock = new SystemClock();
  readonly random = new SystemRandom();
  readonly switches = new Map<string, SimulatedSwitch>();
  readonly logged: string[] = [];
  readonly medias: Media[] = [];
  /** Ports that dial plans try, in this order. */
  readonly listeners: number[] = [];
  readonly #ends: (() => unknown)[] = [];

  private constructor(
    readonly store: Store,
    readonly bus: EmbeddedBus,
    readonly options: WorldOptions,
    readonly client: ParkServiceClient,
    readonly owner: SlotShard,
    readonly gateway: Gateway,
  ) {}

  static async start(options: WorldOptions = {}): Promise<World> {
    const clock = new SystemClock();
    const random = new SystemRandom();
    const store = await openEmbeddedStore({ clock });
    await putTenant(store, 'acme', options.settings ?? {});
    await putLot(store, 'acme', 'default', { ...options.lot, ranges: [{ first: '701', last: '703' }] });
    await putGroup(store, 'acme', 'sales', { members: [{ extension: '1001' }, { extension: '1002' }] });
    const logged: string[] = [];
    const log = logInto(logged);
    const shard = { memberId: 'owner-1', host: '127.0.0.1', port: 0, version: '1.0.0', leaseTtlMs: 2_000 };
    const bus = new EmbeddedBus({ clock });
    const deps = { store, bus, clock, random, log, timing: TIMING };
    const owner = await startSlotShard({ ...shard, limits: DEFAULT_LIMITS }, SHARDS, deps);
    await until(() => owner.ownedShards() === SHARDS);
    const http = options.http === true || options.promptDirectory !== undefined ? { httpPort: 0 } : {};
    const phones: GatewayDeps['phones'] = (owners) => new RoutedPhones(new NodeClients(owners, clock), random, log);
    const gateway = await createGateway(http, { store, clock, random, log, phones, blobs: new MemoryBlobs() });
    const client = openParkClient(gateway.address);
    const world = new World(store, bus, options, client, owner, gateway);
    world.#ends.push(
      () => store.close(),
      () => owner.close(),
      () => gateway.close(),
      () => client.close(),
    );
    world.logged.push(...logged);
    for (const name of options.nodes ?? ['media-1']) await world.#addSwitch(name);
    await world.addMedia('media-a');
    await until(() => world.medias[0]?.nodesUp().length === world.switches.size);
    return world;
  }

  /** The first switch. */
  get sim(): SimulatedSwitch {
    const [first] = this.switches.values();
    if (first === undefined) throw new Error('no switch');
    return first;
  }

  get media(): Media {
    const [first] = this.medias;
    if (first === undefined) throw new Error('no media process');
    return first;
  }

  /** Starts a media process. */
  async addMedia(memberId: string, more: Partial<MediaConfig> = {}): Promise<Media> {
    const { store, bus, clock, random, options } = this;
    const media = await startMedia(
      {
        memberId,
        host: '127.0.0.1',
        port: 0,
        outbound: { host: '127.0.0.1', port: 0 },
        version: '1.0.0',
        leaseTtlMs: 2_000,
        gateway: this.gateway.address,
        password: 'ClueCon',
        tenants: options.tenants ?? [{ tenantId: 'acme', context: 'default', domain: 'acme.example' }],
        codes: DEFAULT_CODES,
        announcements: DEFAULT_ANNOUNCEMENTS,
        prompts:
          options.promptDirectory === undefined
            ? undefined
            : {
                directory: options.promptDirectory,
                source: this.gateway.httpUrl ?? '',
                maxBytes: DEFAULT_PROMPT_BYTES,
              },
        limits: { ...DEFAULT_MEDIA_LIMITS, effectMs: 1_000, recoverMs: 100, ...options.limits },
        ...more,
      },
      { store, bus, clock, random, log: logInto(this.logged), timing: TIMING },
    );
    this.medias.push(media);
    if (media.outboundPort !== undefined) this.listeners.push(media.outboundPort);
    return media;
  }

  async close(): Promise<void> {
    await Promise.all(this.medias.map((media) => media.close()));
    await Promise.all([...this.switches.values()].map((sim) => sim.close()));
    for (const end of this.#ends.splice(0).reverse()) await end();
  }

  /** Two phones talk: the caller's leg and the callee's. */
  async talk(caller: string, callee: string, sim = this.sim): Promise<[Channel, Channel]> {
    const leg = sim.call(caller, callee);
    await until(() => leg.peer !== undefined);
    if (leg.peer === undefined) throw new Error('nobody answered');
    return [leg, leg.peer];
  }

  /** Every park of the tenant, in slots and in the holding lot. */
  async parks(): Promise<readonly Park[]> {
    const lists = await Promise.all(['', HOLDING_LOT].map((lotId) => this.#list(lotId)));
    return lists.flatMap(({ slots }) => slots.flatMap(({ parks }) => parks));
  }

  /** Waits until the park of a slot is as `is` says; answers it. */
  async park(
    slot: string,
    is: (park: Park | undefined) => boolean = (park) => park !== undefined,
  ): Promise<Park | undefined> {
    for (let round = 0; round < 1_000; round++) {
      const park = (await this.parks()).find((one) => one.slot === slot);
      if (is(park)) return park;
      await delay(5);
    }
    throw new Error(
      `slot ${slot} is not as expected: ${JSON.stringify(await this.parks())}\n${this.logged.join('\n')}`,
    );
  }

  /** Waits until nothing is parked anywhere. */
  async allFree(): Promise<void> {
    for (let round = 0; round < 1_000; round++) {
      if ((await this.parks()).length === 0) return;
      await delay(5);
    }
    throw new Error(`still parked: ${JSON.stringify(await this.parks())}\n${this.logged.join('\n')}`);
  }

  /** Writes the tenant's own settings, and waits until they count. */
  async set(settings: TenantSettingsInput): Promise<void> {
    const written = await putTenant(this.store, 'acme', settings);
    if (!written.ok) throw new Error(JSON.stringify(written));
    await delay(50);
  }

  /** What asking for a park by its id is refused with. */
  endOf(parkId: string): Promise<string> {
    const by = { $case: 'parkId', value: parkId } as const;
    return new Promise((resolve) => {
      this.client.getPark({ tenantId: 'acme', by, consistency: Consistency.FENCED }, (error) =>
        resolve(error?.details ?? ''),
      );
    });
  }

  async #addSwitch(name: string): Promise<void> {
    const { clock, random, options } = this;
    const sim = await SimulatedSwitch.start(
      {
        name,
        domain: 'acme.example',
        trackCalls: options.trackCalls === true,
        ...(options.soundMs !== undefined && { soundMs: options.soundMs }),
        dialplan: (to, context) => this.#dialplan(to, context),
      },
      { clock, random },
    );
    this.switches.set(name, sim);
    for (const user of ['1001', '1002', '1003', '2001', '2002']) sim.phone(user);
    const sipAddress = `127.0.0.1:${5_080 + this.switches.size}`;
    for (const other of this.switches.values()) {
      if (other === sim) continue;
      other.connectTo(sim, sipAddress, DEFAULT_PICKUP_CONTEXT);
      sim.connectTo(
        other,
        `127.0.0.1:${5_080 + [...this.switches.values()].indexOf(other) + 1}`,
        DEFAULT_PICKUP_CONTEXT,
      );
    }
    const node = { name, host: '127.0.0.1', port: sim.port, sipAddress, recovers: options.trackCalls === true };
    const fault = await registerMediaNode(this.store, node);
    if (fault !== undefined) throw new Error(fault);
  }

  /** As the shipped dial plan: codes and slots go to the listeners in turn, and then wait as pending. */
  #dialplan(to: string, context: string): readonly Action[] | undefined {
    if (context === DEFAULT_PICKUP_CONTEXT) {
      return to.startsWith('pickup-') ? [...this.#sockets(), ['hangup', '']] : undefined;
    }
    if (/^[12]\d{3}$/.test(to)) {
      return [
        ['set', 'hangup_after_bridge=true'],
        ['bridge', `user/${to}@acme.example`],
      ];
    }
    if (!/^([*#][*#\d]*|7\d\d|9000)$/.test(to)) return undefined;
    return [
      ...this.#sockets(),
      ['set', 'parkade_pending=true'],
      ['answer', ''],
      ['endless_playback', 'local_stream://moh'],
    ];
  }

  #sockets(): Action[] {
    return this.listeners.map((port) => ['socket', `127.0.0.1:${port}`]);
  }

  #list(lotId: string): Promise<ListSlotsResponse> {
    const request = { tenantId: 'acme', lotId, states: [], pageSize: 100, pageToken: '' };
    return new Promise((resolve, reject) => {
      this.client.listSlots(request, (error, response) => {
        if (error === null) resolve(response);
        else reject(error);
      });
    });
  }
}

/** Waits, letting everything work, until a condition holds. */
export async function until(condition: () => boolean, limitMs = 10_000): Promise<void> {
  const endMs = Date.now() + limitMs;
  while (!condition()) {
    if (Date.now() > endMs) throw new Error(`not in time: ${condition.toString()}`);
    await delay(2);
  }
}

function logInto(lines: string[]): Log {
  const add = (event: string, fields: Readonly<Record<string, unknown>> = {}): void => {
    lines.push(`${event} ${JSON.stringify(fields)}`);
  };
  return { info: add, warn: add, error: add };
}
