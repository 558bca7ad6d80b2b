import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openParkClient } from '@parkade/cli';
import { encodeToken, keys } from '@parkade/ids';
import { Owner } from '@parkade/proto';
import { type Cluster, type ClusterOptions, startCluster } from '../support/cluster.js';
import type { CliProcess } from '../support/process.js';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.js';
import { Lamps } from './lamps.js';
import type { SimulatedNode } from './nodes.js';
import { PhoneWorld } from './phone-world.js';
import { MEDIA_FILE, SETTINGS } from './settings.js';
import { allLegs } from './who-talked.js';

const SHARDS = 16;
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
export class MediaWorld extends PhoneWorld {
  readonly #running = new Map<string, CliProcess>();

  private constructor(
    readonly cluster: Cluster,
    private readonly directory: string,
    readonly lamps: Lamps,
    /** Media processes reach the gateway through this. */
    readonly gatewayWire: TcpProxy,
  ) {
    const [gateway = ''] = cluster.addresses;
    super(cluster.store, openParkClient(gateway), ['acme', 'beta']);
  }

  static async start({ nodes = ['media-1', 'media-2'], cluster: options }: MediaWorldOptions): Promise<MediaWorld> {
    const cluster = await startCluster({ owners: 2, gateways: 1, shards: SHARDS, settings: SETTINGS, ...options });
    const directory = await mkdtemp(join(tmpdir(), 'parkade-media-'));
    await writeFile(join(directory, 'media.json'), JSON.stringify(MEDIA_FILE));
    const [, gatewayPort] = cluster.addresses[0]?.split(':') ?? [];
    const wire = await startTcpProxy(Number(gatewayPort));
    const world = new MediaWorld(cluster, directory, await Lamps.watch(cluster.nats), wire);
    await world.addNodes(nodes);
    await Promise.all([world.startMedia('media-a'), world.startMedia('media-b'), world.startRecall()]);
    await world.controlled();
    return world;
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

  async stop(): Promise<void> {
    this.client.close();
    await this.lamps.close();
    await this.cluster.stop();
    await this.gatewayWire.stop();
    await this.closeNodes();
    await rm(this.directory, { recursive: true, force: true });
  }
}
