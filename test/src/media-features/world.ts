import { MemoryBlobs } from '@parkade/admin';
import { EmbeddedBus } from '@parkade/bus';
import { openParkClient } from '@parkade/cli';
import { SystemClock, SystemRandom } from '@parkade/clock';
import { createGateway, type Gateway, type GatewayDeps } from '@parkade/gateway';
import {
  DEFAULT_ANNOUNCEMENTS,
  DEFAULT_MEDIA_LIMITS,
  DEFAULT_PROMPT_BYTES,
  type Media,
  type MediaConfig,
  NodeClients,
  RoutedPhones,
  startMedia,
} from '@parkade/media';
import type { ParkServiceClient } from '@parkade/proto';
import type { Log } from '@parkade/rpc';
import {
  DEFAULT_CODES,
  type LotSettingsInput,
  putGroup,
  putLot,
  putTenant,
  type TenantSettingsInput,
} from '@parkade/settings';
import { DEFAULT_LIMITS, startSlotShard } from '@parkade/slot-shard';
import { openEmbeddedStore, type Store } from '@parkade/store';
import type { NodeOptions } from '../media/nodes.js';
import { PhoneWorld } from '../media/phone-world.js';

const SHARDS = 8;
const TIMING = { joinDelayMs: 10, settleMs: 50, claimJitterMs: 1, claimDelayAfterExpiryMs: 0 };
const [clock, random] = [new SystemClock(), new SystemRandom()];
const MEMBER = { host: '127.0.0.1', port: 0, version: '1.0.0', leaseTtlMs: 2_000 };

export interface WorldOptions extends NodeOptions {
  readonly nodes?: readonly string[];
  /** The tenant's own settings. */
  readonly settings?: TenantSettingsInput;
  /** What its lot says beside its ranges. */
  readonly lot?: Partial<LotSettingsInput>;
  /** The gateway serves HTTP, and rings phones. */
  readonly http?: boolean;
  /** Where uploaded prompt files are kept for the switches; the gateway serves HTTP then. */
  readonly promptDirectory?: string;
}

/** A tenant `acme` with slots 701 to 703 and a group, and the real services in this process: for features, each with settings of its own. */
export class World extends PhoneWorld {
  readonly medias: Media[] = [];

  private constructor(
    store: Store,
    client: ParkServiceClient,
    readonly bus: EmbeddedBus,
    readonly options: WorldOptions,
    readonly gateway: Gateway,
    readonly logged: string[],
    private readonly ends: (() => unknown)[],
  ) {
    super(store, client, ['acme']);
  }

  static async start(options: WorldOptions = {}): Promise<World> {
    const store = await openEmbeddedStore({ clock });
    await putTenant(store, 'acme', options.settings ?? {});
    await putLot(store, 'acme', 'default', { ...options.lot, ranges: [{ first: '701', last: '703' }] });
    await putGroup(store, 'acme', 'sales', { members: [{ extension: '1001' }, { extension: '1002' }] });
    const logged: string[] = [];
    const log = logInto(logged);
    const bus = new EmbeddedBus({ clock });
    const shard = { ...MEMBER, memberId: 'owner-1', limits: DEFAULT_LIMITS };
    const owner = await startSlotShard(shard, SHARDS, { store, bus, clock, random, log, timing: TIMING });
    const http = options.http === true || options.promptDirectory !== undefined ? { httpPort: 0 } : {};
    const phones: GatewayDeps['phones'] = (owners) => new RoutedPhones(new NodeClients(owners, clock), random, log);
    const gateway = await createGateway(http, { store, clock, random, log, phones, blobs: new MemoryBlobs() });
    const client = openParkClient(gateway.address);
    const ends = [() => store.close(), () => owner.close(), () => gateway.close(), () => client.close()];
    const world = new World(store, client, bus, options, gateway, logged, ends);
    await world.until('every shard is served', () => owner.ownedShards() === SHARDS);
    await world.addNodes(
      options.nodes ?? ['media-1'],
      options.soundMs === undefined ? {} : { soundMs: options.soundMs },
    );
    const media = await world.addMedia('media-a');
    await world.until('every node is controlled', () => media.nodesUp().length === world.nodes.length);
    return world;
  }

  get media(): Media {
    const [first] = this.medias;
    if (first === undefined) throw new Error('no media process');
    return first;
  }

  /** Starts a media process. */
  async addMedia(memberId: string, more: Partial<MediaConfig> = {}): Promise<Media> {
    const { store, bus, gateway, options } = this;
    const { promptDirectory: directory } = options;
    const source = gateway.httpUrl ?? '';
    const media = await startMedia(
      {
        ...{ ...MEMBER, memberId, outbound: { host: '127.0.0.1', port: 0 } },
        ...{
          gateway: gateway.address,
          password: 'ClueCon',
          codes: DEFAULT_CODES,
          announcements: DEFAULT_ANNOUNCEMENTS,
        },
        tenants: [{ tenantId: 'acme', context: 'default', domain: 'acme.example' }],
        prompts: directory === undefined ? undefined : { directory, source, maxBytes: DEFAULT_PROMPT_BYTES },
        limits: { ...DEFAULT_MEDIA_LIMITS, effectMs: 1_000, recoverMs: 100 },
        ...more,
      },
      { store, bus, clock, random, log: logInto(this.logged), timing: TIMING },
    );
    this.medias.push(media);
    if (media.outboundPort !== undefined) this.listeners.set(memberId, media.outboundPort);
    return media;
  }

  async close(): Promise<void> {
    await Promise.all(this.medias.map((media) => media.close()));
    await this.closeNodes();
    for (const end of this.ends.splice(0).reverse()) await end();
  }
}

function logInto(lines: string[]): Log {
  const add = (event: string, fields: Readonly<Record<string, unknown>> = {}): void => {
    lines.push(`${event} ${JSON.stringify(fields)}`);
  };
  return { info: add, warn: add, error: add };
}
