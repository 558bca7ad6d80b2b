import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { callUnary } from '@parkade/cli';
import { openBus } from '@parkade/bus';
import { SystemClock, SystemRandom } from '@parkade/clock';
import { DEFAULT_LOT, encodeToken, HOLDING_LOT, keys } from '@parkade/ids';
import { MEDIA_ROLE, registerMediaNode } from '@parkade/media';
import { Owner, type Park, ParkRequest, type ParkServiceClient, ReleaseCause, ReleaseRequest } from '@parkade/proto';
import { presenceSubject, STREAMS } from '@parkade/presence';
import { type CliProcess, type Cluster, startCli, startCluster, startTcpProxy, type TcpProxy } from '@parkade/test';
import type { RealSwitch } from './real-switch.js';
import type { SwitchSettings } from './settings.js';

export const TENANT = 'acme';
/** The profile of `deploy/freeswitch` where nodes deliver phones to each other. */
export const PICKUP_PROFILE = 'parkade';
const START_MS = 90_000;
const LIMIT_MS = 20_000;
const LOOK_MS = 20;
const CALL_MS = 10_000;
const clock = new SystemClock();

/** What the tenant's slots are: calls in the last one come back after four seconds and ring for three. */
const SETTINGS = {
  tenants: {
    [TENANT]: {
      lots: {
        default: {
          ranges: [{ first: '701', last: '704' }],
          slots: { '704': { ringback_timeout: 4_000, callback_timeout: 3_000 } },
          recall: { attempts: 0 },
        },
      },
    },
  },
};

export interface SystemOptions {
  /** The settings document. */
  readonly slots?: object;
  /** Whether calls of the profile are the tenant's whatever domain their phone has authenticated in. */
  readonly anyDomain?: boolean;
  /** Media processes at most; there are never more than the dial plan names. */
  readonly maxMedia?: number;
  readonly leaseTtl?: string;
  /** Whether something stands between the media processes and the Event Sockets that can cut them; default: true. */
  readonly canBeCut?: boolean;
  /** Whether the switches bring their calls back after a crash; default: false. */
  readonly recovers?: boolean;
}

/** All of Parkade around real switches: etcd, NATS, an owner, a gateway, a recall and two media processes. */
export class System {
  readonly #medias = new Map<string, CliProcess>();
  readonly #others: CliProcess[] = [];
  readonly #occupied: string[] = [];

  private constructor(
    readonly cluster: Cluster,
    readonly switches: readonly RealSwitch[],
    /** Between Parkade and the Event Sockets. */
    readonly wires: readonly TcpProxy[],
    private readonly settings: SwitchSettings,
    private readonly mediaFile: string,
    private readonly directory: string,
    private readonly listeners: readonly string[],
    private readonly leaseTtl: string,
  ) {}

  /** Resolves when every switch is controlled and calls are taken. */
  static async start(
    settings: SwitchSettings,
    switches: readonly RealSwitch[],
    {
      slots = SETTINGS,
      anyDomain = false,
      maxMedia = 2,
      leaseTtl = '2s',
      canBeCut = true,
      recovers = false,
    }: SystemOptions = {},
  ): Promise<System> {
    const cluster = await startCluster({ owners: 1, gateways: 1, shards: 8, autoTenants: false, settings: slots });
    const directory = await mkdtemp(join(tmpdir(), 'parkade-switch-'));
    const wires = canBeCut ? await Promise.all(switches.map(({ eventSocket }) => startTcpProxy(eventSocket))) : [];
    const listeners = ((await switches[0]?.listeners()) ?? []).slice(0, maxMedia);
    const domain = (await switches[0]?.global('domain')) ?? '';
    const mediaFile = join(directory, 'media.json');
    const rule = { tenant_id: TENANT, profile: settings.profile, ...(anyDomain ? {} : { domain }) };
    await writeFile(mediaFile, JSON.stringify({ tenants: [rule], domains: { [TENANT]: domain } }));
    const system = new System(cluster, switches, wires, settings, mediaFile, directory, listeners, leaseTtl);
    try {
      for (const [i, one] of switches.entries()) {
        const node = {
          name: await one.node(),
          ...(canBeCut ? { host: '127.0.0.1', port: wires[i]?.port ?? 0 } : one.eventSocket),
          sipAddress: await one.sipOf(PICKUP_PROFILE),
          recovers,
        };
        const fault = await registerMediaNode(cluster.store, node);
        if (fault !== undefined) throw new Error(`${node.name}: ${fault}`);
      }
      await Promise.all(system.mediaNames.map((name) => system.startMedia(name)));
      const recall = startCli('recall', ['recall', ...system.#common(), '--media-file', mediaFile]);
      system.#others.push(recall);
      await recall.printed(/^listening on /m, START_MS);
      await system.controlled();
      return system;
    } catch (error) {
      await system.stop();
      throw error;
    }
  }

  get client(): ParkServiceClient {
    const [client] = this.cluster.clients;
    if (client === undefined) throw new Error('no gateway');
    return client;
  }

  /** The media processes there are, one for each listener of the dial plan. */
  get mediaNames(): readonly string[] {
    return this.listeners.map((_, i) => `media-process-${i + 1}`);
  }

  /** Starts a media process where the dial plan looks for it; resolves when it listens. */
  async startMedia(name: string): Promise<void> {
    const [host = '', port = ''] = (this.listeners[this.mediaNames.indexOf(name)] ?? '').split(':');
    const child = startCli(
      name,
      [
        ...['media', ...this.#common(), '--gateway', this.cluster.addresses[0] ?? '', '--media-file', this.mediaFile],
        ...['--outbound-host', host, '--outbound-port', port, '--member-id', name, '--lease-ttl', this.leaseTtl],
      ],
      { PARKADE_ESL_PASSWORD: this.settings.password },
    );
    this.#medias.set(name, child);
    await child.printed(/^dial plans reach it/m, START_MS);
  }

  /** Starts what was killed. */
  async restore(): Promise<void> {
    await Promise.all(this.wires.map((wire) => wire.heal()));
    for (const name of this.mediaNames) if (!this.#medias.has(name)) await this.startMedia(name);
    await this.controlled();
  }

  async killMedia(name: string): Promise<void> {
    const child = this.#medias.get(name);
    this.#medias.delete(name);
    child?.signal('SIGKILL');
    await child?.ended();
  }

  /** The media process that controls a switch. */
  async controllerOf(one: RealSwitch): Promise<string | undefined> {
    const stored = await this.cluster.store.get(keys.owners(MEDIA_ROLE) + encodeToken(await one.node()));
    return stored === undefined ? undefined : Owner.decode(stored.value).memberId;
  }

  /** Waits until every switch is controlled by a process that runs and has connected. */
  async controlled(): Promise<void> {
    await this.until('all switches controlled', async () => {
      for (const one of this.switches) {
        const owner = this.#medias.get((await this.controllerOf(one)) ?? '');
        if (owner?.exitCode !== undefined || owner === undefined) return false;
        if (!owner.stderr().includes('media node up') && !owner.stdout().includes('media node up')) return false;
      }
      return true;
    });
  }

  /** Every park of the tenant, in slots and in the holding lot. */
  async parks(): Promise<readonly Park[]> {
    const lists = await Promise.all(
      ['', HOLDING_LOT].map((lotId) => {
        const request = { tenantId: TENANT, lotId, states: [], pageSize: 500, pageToken: '' };
        return callUnary(this.client.listSlots.bind(this.client), request, CALL_MS, clock);
      }),
    );
    return lists.flatMap(({ slots }) => slots.flatMap(({ parks }) => parks));
  }

  /** Waits until the park of a slot is as `is` says; answers it. */
  async park(slot: string, is: (park: Park) => boolean = () => true): Promise<Park> {
    let found: Park | undefined;
    await this.until(`the call in ${slot} as expected`, async () => {
      found = (await this.parks()).find((park) => park.slot === slot && is(park));
      return found !== undefined;
    });
    if (found === undefined) throw new Error('not found');
    return found;
  }

  /** Parks calls of nobody in slots, as a client that moves its media itself may. */
  async occupy(slots: readonly string[]): Promise<void> {
    for (const slot of slots) {
      const request = ParkRequest.fromPartial({
        tenantId: TENANT,
        target: { kind: { $case: 'slot', value: { lotId: '', slot } } },
        call: { mediaNode: 'elsewhere', callId: `nobody-${slot}` },
      });
      const { park } = await callUnary(this.client.park.bind(this.client), request, CALL_MS, clock);
      this.#occupied.push(park?.parkId ?? '');
    }
  }

  /** Ends what `occupy` has parked. */
  async vacate(): Promise<void> {
    for (const parkId of this.#occupied.splice(0)) {
      const request = ReleaseRequest.fromPartial({ tenantId: TENANT, parkId, cause: ReleaseCause.RELEASED });
      await callUnary(this.client.release.bind(this.client), request, CALL_MS, clock);
    }
  }

  /** What the lamp of a slot shows to somebody who asks now. */
  async lamp(slot: string): Promise<string | undefined> {
    const bus = openBus(this.cluster.nats, { clock, random: new SystemRandom() });
    try {
      await bus.ensureStreams(STREAMS);
      const message = await bus.last(presenceSubject({ tenantId: TENANT, lotId: DEFAULT_LOT, slot }));
      return message === undefined ? undefined : Buffer.from(message.payload).toString('utf8');
    } finally {
      await bus.close();
    }
  }

  /** Waits until nothing is parked anywhere. */
  allFree(): Promise<void> {
    return this.until('all free', async () => (await this.parks()).length === 0);
  }

  async until(what: string, condition: () => Promise<boolean>, limitMs = LIMIT_MS): Promise<void> {
    const endMs = Date.now() + limitMs;
    while (!(await condition())) {
      if (Date.now() > endMs) throw new Error(`not ${what} in time: ${JSON.stringify(await this.parks())}`);
      await delay(LOOK_MS);
    }
  }

  logs(): string {
    const all = [...this.#medias.values(), ...this.#others];
    return all.map((one) => `--- ${one.name}\n${one.stderr().slice(-6_000)}${one.stdout().slice(-2_000)}`).join('\n');
  }

  async stop(): Promise<void> {
    for (const child of [...this.#medias.values(), ...this.#others]) {
      child.signal('SIGKILL');
      await child.ended();
    }
    await this.cluster.stop();
    await Promise.all(this.wires.map((wire) => wire.stop()));
    await rm(this.directory, { recursive: true, force: true });
  }

  #common(): readonly string[] {
    return ['--etcd', this.cluster.etcd, '--shards', String(this.cluster.shards), '--port', '0'];
  }
}
