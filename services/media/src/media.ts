import type { Bus } from '@parkade/bus';
import type { Clock, Random } from '@parkade/clock';
import { type Connect, DEFAULT_COMMAND_LIMITS, type ListenForSockets, OutboundServer } from '@parkade/esl';
import {
  GrpcHandOffClient,
  LeaseSession,
  MEDIA_TIMING,
  namedPartitions,
  OwnerDirectory,
  ownershipService,
  type OwnershipTiming,
  PartitionOwner,
  type Probe,
  tcpProbe,
} from '@parkade/ownership';
import { GrpcServer, type Listen, type Log, NO_SECURITY, type Security, type Tracer } from '@parkade/rpc';
import { SettingsCache } from '@parkade/settings';
import type { Store } from '@parkade/store';
import { Registry, RpcMetrics } from '@parkade/telemetry';
import { IncomingCalls } from './calls/incoming.js';
import { GrpcParkApi } from './calls/park-api.js';
import { parksOf } from './calls/reconcile.js';
import type { MediaConfig } from './config.js';
import { MediaMetrics } from './media-metrics.js';
import { NodeAgent, type NodeQueues } from './nodes/node-agent.js';
import { DnsNodes } from './nodes/dns-nodes.js';
import { NodeAddresses } from './nodes/node-addresses.js';
import { NodeRegistry } from './nodes/node-registry.js';
import { NodeSet } from './nodes/node-set.js';
import { resolveAddresses, resolveService } from './nodes/resolve-service.js';
import { LampFeed } from './lamps/lamp-feed.js';
import { openPrompts, promptPlaces } from './prompts/open-prompts.js';
import { LegStreams } from './rpc/leg-streams.js';
import { mediaNodeService } from './rpc/media-node-service.js';
import { NodeClients } from './rpc/node-clients.js';

/** The role under which media nodes are owned. */
export const MEDIA_ROLE = 'media';

export interface MediaDeps {
  /** Not closed by the service. */
  readonly store: Store;
  /** Tells what lamps show, for switches and phones that are to be told; without it none are. Not closed by the service. */
  readonly bus?: Bus | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Default: none. */
  readonly security?: Security | undefined;
  /** For tests and simulation; production keeps the defaults. */
  readonly timing?: Partial<OwnershipTiming> | undefined;
  /** What listens, and how others are found dead: for simulation; default: gRPC and TCP. */
  readonly listen?: Listen | undefined;
  readonly probe?: Probe | undefined;
  /** How nodes are reached, and how their dial plans reach this process: for simulation; default: TCP. */
  readonly sockets?: { readonly connect: Connect; readonly listen: ListenForSockets } | undefined;
  /** Where its metrics go. Of one registry one media process at most. */
  readonly metrics?: { readonly registry: Registry } | undefined;
  /** Where its requests are traced; undefined: nowhere. */
  readonly tracer?: Tracer | undefined;
}

/** A running media process. */
export interface Media {
  /** Where the cluster reaches it: `host:port`. */
  readonly address: string;
  /** Where dial plans reach it; undefined where it takes no calls from them. */
  readonly outboundPort: number | undefined;
  /** The nodes it owns and is connected with. */
  nodesUp(): readonly string[];
  /** Calls that are parked at its nodes, as far as it knows. */
  parkedCalls(): number;
  /** What waits, by node. */
  queues(): ReadonlyMap<string, NodeQueues>;
  /** Looks at every node at once. */
  reconcile(): Promise<void>;
  /** Finishes what is under way and hands every node to others within `graceMs`, then stops. The calls go on. */
  drain(graceMs: number): Promise<void>;
  /** Stops at once; what it owned is claimed by others. The calls go on. */
  close(): Promise<void>;
}

/**
 * Starts to own and control media nodes. Resolves when it listens and has joined; nodes come as they are claimed. Rejects when
 * an address is taken.
 */
export async function startMedia(config: MediaConfig, deps: MediaDeps): Promise<Media> {
  const { store, clock, random, log } = deps;
  const { limits } = config;
  const security = deps.security ?? NO_SECURITY;
  const report = (what: string, error: unknown): void => log.warn(what, { error: String(error) });
  const onDefect = (error: unknown): void => log.error('defect', { error: String(error) });
  const registry = new NodeRegistry(store, clock);
  const settings = new SettingsCache({}, { store, clock });
  const space = namedPartitions(MEDIA_ROLE, () => registry.names());
  const owners = new OwnerDirectory<string>(space, { store, clock, random, report });
  await Promise.all([registry.start(), settings.start(), owners.start()]);

  const prompts = await openPrompts(config, { store, settings, clock, log });
  const addresses = new NodeAddresses(registry, resolveAddresses, clock);
  const api = new GrpcParkApi(config.gateway, limits.clusterMs, clock, security.peers, deps.tracer);
  const clients = new NodeClients(owners, clock, security.peers);
  const streams = new LegStreams();
  const groupOf = (tenantId: string, extension: string): string | undefined =>
    settings
      .tenant(tenantId)
      ?.groups()
      .find(({ members }) => members.some((member) => member.extension === extension))?.group_id;
  const measured = deps.metrics?.registry ?? new Registry();
  const metrics = new MediaMetrics(measured);
  const feed =
    deps.bus === undefined
      ? undefined
      : new LampFeed({
          bus: deps.bus,
          clock,
          log,
          maxSlots: limits.maxLamps,
          onLamps: (lamps) => {
            for (const { lamps: told } of nodes.all()) told?.onLamps(lamps);
          },
          onNotices: (notices) => {
            for (const { lamps: told } of nodes.all()) told?.onNotices(notices);
            for (const { kind, occupant } of notices) {
              if (kind === 'cleared') nodes.get(occupant.mediaNode)?.calls.slotFreed(occupant);
            }
          },
        });
  const nodes: NodeSet = new NodeSet({
    find: (name) => registry.get(name),
    make: (node) =>
      new NodeAgent(node, config, {
        clock,
        random,
        log,
        api,
        settingsOf: (tenantId) => settings.tenant(tenantId),
        promptAt: promptPlaces(config, prompts),
        feed,
        groupOf,
        addresses,
        mayWrite: () => ownership.owns(node.name),
        timed: (commands) => metrics.timed(node.name, commands, clock),
        tell: (legId, news) => streams.tell(node.name, legId, news),
        connect: deps.sockets?.connect,
      }),
    lost: (name) => streams.end(name),
  });
  const agent = (name: string): NodeAgent | undefined => (ownership.owns(name) ? nodes.get(name) : undefined);
  const server = await (deps.listen ?? GrpcServer.start)(
    {
      host: config.host,
      port: config.port,
      security,
      services: [
        mediaNodeService({ agent, streams, onDefect }),
        ownershipService(
          (role) => (role === MEDIA_ROLE ? (request) => ownership.handOff(request) : undefined),
          onDefect,
        ),
      ],
      observer: new RpcMetrics(measured),
      tracer: deps.tracer,
    },
    clock,
  );
  const address = `${config.advertiseHost ?? config.host}:${server.port}`;
  const session = new LeaseSession({ ttlMs: config.leaseTtlMs }, { store, clock, random });
  const handOffClient = new GrpcHandOffClient(clock, security.peers);
  const ownership: PartitionOwner<string> = new PartitionOwner<string>(
    {
      self: { memberId: config.memberId, address, version: config.version },
      space,
      timing: { ...MEDIA_TIMING, ...deps.timing, forcedTakeover: false },
    },
    { store, clock, random, session, handler: nodes, handOffClient, probe: deps.probe ?? tcpProbe(), report },
  );
  registry.onChange(() => {
    ownership.refresh();
    nodes.refresh().catch(onDefect);
  });

  const outbound =
    config.outbound === undefined
      ? undefined
      : new OutboundServer(
          { ...config.outbound, maxConnections: limits.maxConnections },
          {
            clock,
            random,
            handler: new IncomingCalls(agent, clients, limits.takeMs, log, clock),
            listen: deps.sockets?.listen,
          },
        );
  metrics.watch({
    nodes: () =>
      [...nodes.all()].map(({ node: { name }, isUp, mayRecover, parkedCalls }) => ({
        name,
        up: isUp,
        mayRecover,
        parkedCalls,
      })),
    session,
    queues: [
      {
        name: 'esl-commands',
        limit: DEFAULT_COMMAND_LIMITS.maxQueued,
        depth: () => Math.max(0, ...[...nodes.all()].map(({ openCommands }) => openCommands)),
      },
    ],
  });
  // Ready is who has a lease, and takes calls from dial plans where it shall.
  const outboundPort = await outbound?.listen();
  session.onObtained(() => server.setServing(true));
  session.onLost(() => server.setServing(false));
  const dnsNodes =
    config.dnsNodes === undefined
      ? undefined
      : new DnsNodes(config.dnsNodes, {
          store,
          clock,
          log,
          resolve: resolveService,
          parkedAt: async (node) => (await parksOf({ api, config, node }))?.length,
        });
  void dnsNodes?.run();
  void feed?.start();
  session.start();
  await ownership.start();
  log.info('media started', { memberId: config.memberId, address });

  const close = async (): Promise<void> => {
    await outbound?.close();
    dnsNodes?.close();
    await feed?.close();
    await prompts?.close();
    await ownership.close();
    await nodes.close();
    streams.endAll();
    await server.stop(0);
    await session.close();
    handOffClient.close();
    clients.close();
    api.close();
    owners.close();
    settings.close();
    registry.close();
  };
  let ended: Promise<void> | undefined;
  return {
    address,
    outboundPort,
    nodesUp: () => [...nodes.all()].filter(({ isUp }) => isUp).map(({ node }) => node.name),
    parkedCalls: () => [...nodes.all()].reduce((sum, { parkedCalls }) => sum + parkedCalls, 0),
    queues: () => new Map([...nodes.all()].map(({ node, queues }) => [node.name, queues])),
    reconcile: async () => {
      await Promise.all([...nodes.all()].map(({ calls }) => calls.reconcile()));
    },
    drain: (graceMs) =>
      (ended ??= (async () => {
        await ownership.leave(graceMs);
        await close();
      })()),
    close: () => (ended ??= close()),
  };
}
