import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { callUnary, openParkClient } from '@parkade/cli';
import { SystemClock } from '@parkade/clock';
import { encodeToken, HOLDING_LOT, keys } from '@parkade/ids';
import { registerMediaNode } from '@parkade/media';
import type { Channel, SimulatedSwitch } from '@parkade/media-simulator';
import {
  Consistency,
  Owner,
  type Park,
  ParkState,
  type ParkServiceClient,
  ReleaseCause,
  ReleaseRequest,
} from '@parkade/proto';
import { CALL_MS, failureOf, requestId } from '../support/calls.js';
import { type Cluster, type ClusterOptions, startCluster } from '../support/cluster.js';
import type { CliProcess } from '../support/process.js';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.js';
import { Lamps } from './lamps.js';
import { type DialplanSettings, type SimulatedNode, startNodes } from './nodes.js';
import { MEDIA_FILE, SETTINGS } from './settings.js';
import { allLegs, partnerOf, type Party, WhoTalked } from './who-talked.js';

const clock = new SystemClock();
const SHARDS = 16;
/** A busy machine, a lease that has to end, a retry: nothing takes longer. */
const WITHIN_MS = 60_000;
const PASSWORD = 'ClueCon';

export interface MediaWorldOptions {
  /** How its cluster differs from two owners and a gateway on one etcd. */
  readonly cluster?: ClusterOptions;
  /** Names of the nodes; one that begins with `tracks` has a profile that tracks its calls. */
  readonly nodes?: readonly string[];
}

/**
 * Two simulated media nodes in this process, and the real product around them, each part a process of its own: etcd, NATS,
 * two owners of slots, a gateway, a recall process, and two media processes that reach the nodes over TCP.
 */
export class MediaWorld {
  readonly listeners = new Map<string, number>();
  readonly dialplan: DialplanSettings = { listeners: this.listeners, pendingS: 60 };
  readonly talked = new WhoTalked();
  nodes: readonly SimulatedNode[] = [];
  readonly #running = new Map<string, CliProcess>();
  readonly #client: ParkServiceClient;

  private constructor(
    readonly cluster: Cluster,
    private readonly directory: string,
    readonly lamps: Lamps,
    /** Media processes reach the gateway through this. */
    readonly gatewayWire: TcpProxy,
  ) {
    const [gateway = ''] = cluster.addresses;
    this.#client = openParkClient(gateway);
  }

  static async start({ nodes = ['media-1', 'media-2'], cluster: options }: MediaWorldOptions): Promise<MediaWorld> {
    const cluster = await startCluster({ owners: 2, gateways: 1, shards: SHARDS, settings: SETTINGS, ...options });
    const directory = await mkdtemp(join(tmpdir(), 'parkade-media-'));
    await writeFile(join(directory, 'media.json'), JSON.stringify(MEDIA_FILE));
    const [, gatewayPort] = cluster.addresses[0]?.split(':') ?? [];
    const wire = await startTcpProxy(Number(gatewayPort));
    const world = new MediaWorld(cluster, directory, await Lamps.watch(cluster.nats), wire);
    world.nodes = await startNodes(nodes, world.dialplan);
    for (const { name, sim, wire, sipAddress } of world.nodes) {
      world.talked.follow(sim);
      const node = { name, host: '127.0.0.1', port: wire.port, sipAddress, recovers: name.startsWith('tracks') };
      const refused = await registerMediaNode(cluster.store, node);
      if (refused !== undefined) throw new Error(JSON.stringify(refused));
    }
    await Promise.all([world.startMedia('media-a'), world.startMedia('media-b'), world.startRecall()]);
    await world.controlled();
    return world;
  }

  /** The first node: where calls are, unless a scenario says otherwise. */
  get here(): SimulatedNode {
    return this.#node(0);
  }

  get there(): SimulatedNode {
    return this.#node(1);
  }

  get sim(): SimulatedSwitch {
    return this.here.sim;
  }

  async startMedia(name: string): Promise<void> {
    const gateway = `127.0.0.1:${this.gatewayWire.port}`;
    const { nats } = this.cluster;
    const args = ['media', '--member-id', name, '--gateway', gateway, '--nats', nats, '--outbound-port', '0'];
    const flags = [...args, '--lease-ttl', '2s', '--media-file', join(this.directory, 'media.json')];
    const child = this.cluster.start(name, flags, { PARKADE_ESL_PASSWORD: PASSWORD });
    this.#running.set(name, child);
    const [, port = '0'] = await child.printed(/^dial plans reach it on (\d+)$/m);
    this.listeners.set(name, Number(port));
  }

  async startRecall(): Promise<void> {
    const flags = ['recall', '--member-id', 'recall-1', '--media-file', join(this.directory, 'media.json')];
    const child = this.cluster.start('recall-1', [...flags, '--lease-ttl', '2s']);
    this.#running.set('recall-1', child);
    await child.printed(/^listening on /m);
  }

  /** Resolves when every node has an owner that runs and is connected with it. */
  async controlled(): Promise<void> {
    await this.until('every node is controlled', async () => {
      const owners = await Promise.all(this.nodes.map(({ name }) => this.ownerOf(name)));
      return owners.every((owner) => owner !== undefined) && this.nodes.every(({ sim }) => sim.controllers > 0);
    });
  }

  /** The media process that owns a node now, where it runs. */
  async ownerOf(node: string): Promise<string | undefined> {
    const stored = await this.cluster.store.get(`${keys.owners('media')}${encodeToken(node)}`);
    const name = stored === undefined ? undefined : Owner.decode(stored.value).memberId;
    return this.#running.get(name ?? '')?.exitCode === undefined && this.#running.has(name ?? '') ? name : undefined;
  }

  /** Sends a signal to `media-a`, `recall-1`, `owner-1` …; resolves when one that ends it has ended it. */
  kill(name: string, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    return this.cluster.kill(name, signal);
  }

  /** Ends every process of Parkade at once, as a loss of power does; etcd, NATS and the switches go on. */
  async stopEverything(): Promise<void> {
    await Promise.all(
      ['owner-1', 'owner-2', 'gateway-1', 'recall-1', 'media-a', 'media-b'].map((name) => this.kill(name)),
    );
  }

  async startEverything(): Promise<void> {
    const { cluster } = this;
    await Promise.all([
      cluster.startOwner('owner-1'),
      cluster.startOwner('owner-2'),
      cluster.startGateway('gateway-1'),
    ]);
    await Promise.all([this.startMedia('media-a'), this.startMedia('media-b'), this.startRecall()]);
  }

  /** Starts a switch again that has crashed or stopped; resolves when it is controlled. */
  async restart({ sim }: SimulatedNode): Promise<void> {
    await sim.restart();
    this.talked.follow(sim);
    await this.until('the switch is controlled', () => sim.controllers > 0);
  }

  /** Moves a park to another slot of its lot, as an operator does; answers the park there. */
  async move(parkId: string, slot: string): Promise<string> {
    const request = { requestId: requestId(), tenantId: 'acme', parkId, slot: { lotId: '', slot } };
    const { park } = await callUnary(this.client.movePark.bind(this.client), request, CALL_MS, clock);
    return park?.parkId ?? '';
  }

  /** Frees a slot, as an operator does. */
  async release({ tenantId, parkId }: Park): Promise<void> {
    const request = { requestId: requestId(), tenantId, parkId, cause: ReleaseCause.RELEASED, callId: '' };
    await callUnary(this.client.release.bind(this.client), ReleaseRequest.fromPartial(request), CALL_MS, clock);
  }

  get client(): ParkServiceClient {
    return this.#client;
  }

  /** Two phones talk: the caller's leg and the desk's. */
  async talk(caller: string, desk: string, node = this.here): Promise<[Channel, Channel]> {
    const leg = node.sim.call(caller, desk);
    this.talked.mayTalk(leg, desk);
    await this.until('they talk', () => leg.peer !== undefined);
    if (leg.peer === undefined) throw new Error('nobody answered');
    return [leg, leg.peer];
  }

  /** A caller is parked in a slot by a blind transfer of the desk 1001. */
  async parked(
    slot: string,
    caller = '2001',
    node = this.here,
  ): Promise<{ readonly caller: Channel; readonly park: Park }> {
    const [leg, desk] = await this.talk(caller, '1001', node);
    node.sim.transferBlind(desk, slot);
    const park = await this.park(slot);
    await this.waits(leg, park.parkId);
    return { caller: leg, park };
  }

  /** Resolves when a leg waits in its switch, with music, and carries the mark of its park. */
  async waits(leg: Channel, parkId?: string): Promise<void> {
    await this.until('the caller waits with music', () => {
      const mark = leg.variables.get('parkade_park') ?? '';
      const marked = parkId === undefined ? mark !== '' : mark.startsWith(`${parkId}:`);
      return leg.parked && leg.nested?.argument === 'local_stream://moh' && marked;
    });
  }

  /** Resolves when a parker's own call holds its slot. */
  waitsReserved(leg: Channel): Promise<void> {
    return this.until('the reservation stands', () => leg.variables.has('parkade_park'));
  }

  /** How a park ended. */
  async endedAs(parkId: string): Promise<string> {
    const failure = await failureOf(getPark(this.client, parkId));
    return failure.metadata['end_reason'] ?? failure.message;
  }

  /** These two talk, as they should; it waits for that. */
  async join(a: Channel, b: Party): Promise<void> {
    this.talked.mayTalk(a, b);
    await this.until('the two talk', () => {
      const other = partnerOf(a);
      return typeof b === 'string' ? other?.phone.user === b : other === b;
    });
  }

  /** The phone of a leg hangs up, at whichever node. */
  hangUp(leg: Channel): void {
    this.talked.mayEnd(leg);
    for (const { sim } of this.nodes) if (sim.core.find(leg.uuid) === leg) sim.hangUp(leg);
  }

  /** Waits until a slot's oldest park is in a state; answers it. */
  async park(slot: string, state = ParkState.PARKED, tenantId = 'acme'): Promise<Park> {
    let found: Park | undefined;
    await this.until(`slot ${slot} is ${ParkState[state]}`, async () => {
      found = (await this.parks(tenantId)).find((park) => park.slot === slot);
      return found?.state === state;
    });
    if (found === undefined) throw new Error('no park');
    return found;
  }

  /** Every park of a tenant, in slots and in the holding lot. */
  async parks(tenantId = 'acme'): Promise<readonly Park[]> {
    const list = this.client.listSlots.bind(this.client);
    const lists = await Promise.all(
      ['', HOLDING_LOT].map((lotId) =>
        callUnary(list, { tenantId, lotId, states: [], pageSize: 100, pageToken: '' }, CALL_MS, clock),
      ),
    );
    return lists.flatMap(({ slots }) => slots.flatMap(({ parks }) => parks));
  }

  /** Waits until nothing is parked anywhere. */
  allFree(): Promise<void> {
    return this.until('every slot is free', async () => {
      const parks = await Promise.all(['acme', 'beta'].map((tenantId) => this.parks(tenantId)));
      return parks.flat().length === 0;
    });
  }

  /** What is wrong and must not be after any scenario; whoever still talks or waits is hung up first, by his phone. */
  async settle(): Promise<readonly string[]> {
    const faults = this.talked.faults();
    this.dialplan.pendingS = 60;
    for (const { sim } of this.nodes) {
      sim.core.beforeBridge = () => undefined;
      sim.core.amidBridge = () => undefined;
      for (const phone of sim.core.phones.values()) {
        phone.behaviour = { kind: 'answers', afterMs: 0 };
        phone.registered = true;
      }
    }
    for (const [sim, leg] of allLegs(this.nodes)) sim.hangUp(leg);
    await this.allFree();
    await this.until('every lamp is dark', () => this.lamps.lit().length === 0);
    this.talked.faults();
    return faults;
  }

  /** Waits until a condition holds; fails with what everybody said. A cluster that cannot answer is asked again. */
  async until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
    const endMs = clock.monotonicMs() + WITHIN_MS;
    for (let last: Error | undefined; ;) {
      try {
        if (await condition()) return;
      } catch (error) {
        last = error instanceof Error ? error : new Error('something else was thrown');
      }
      if (clock.monotonicMs() > endMs) throw new Error(`not in time: ${what} ${last?.message ?? ''}`);
      await delay(10);
    }
  }

  async stop(): Promise<void> {
    this.#client.close();
    await this.lamps.close();
    await this.cluster.stop();
    await Promise.all([...this.nodes.map(({ wire }) => wire.stop()), this.gatewayWire.stop()]);
    await Promise.all(this.nodes.map(({ sim }) => sim.close()));
    await rm(this.directory, { recursive: true, force: true });
  }

  #node(index: number): SimulatedNode {
    const node = this.nodes[index];
    if (node === undefined) throw new Error('there is no such node');
    return node;
  }
}

function getPark(client: ParkServiceClient, parkId: string): Promise<unknown> {
  const request = {
    tenantId: 'acme',
    by: { $case: 'parkId', value: parkId } as const,
    consistency: Consistency.FENCED,
  };
  return callUnary(client.getPark.bind(client), request, CALL_MS, clock);
}
