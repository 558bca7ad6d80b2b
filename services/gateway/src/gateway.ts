import { Admin, type Blobs } from '@parkade/admin';
import type { Bus } from '@parkade/bus';
import type { Clock, Random } from '@parkade/clock';
import { type Authenticator, openAuthenticator } from '@parkade/identity';
import { namedPartitions, numberedPartitions, OwnerDirectory } from '@parkade/ownership';
import { Consistency } from '@parkade/proto';
import {
  draining,
  GrpcServer,
  type Listen,
  type Log,
  type LotOf,
  NO_SECURITY,
  Refused,
  type Security,
  type Tracer,
  UnderWay,
} from '@parkade/rpc';
import { ensureMeta, SettingsCache } from '@parkade/settings';
import type { Store } from '@parkade/store';
import { quotaRefusals, Registry, RpcMetrics } from '@parkade/telemetry';
import { DrainingSweeper } from './admin/draining-sweeper.js';
import { OwnersParked } from './admin/owners-parked.js';
import { adminService } from './admin/rpc/admin-service.js';
import { parkService, type ParkServiceDeps } from './api/park-service.js';
import { ClusterWatch } from './board/cluster-watch.js';
import { Commands } from './commands/commands.js';
import { Moving } from './commands/moving.js';
import { Parking } from './commands/parking.js';
import { Places } from './commands/place.js';
import { type GatewayConfig, type GatewayConfigInput, gatewayConfig } from './config.js';
import { watchGateway } from './gateway-metrics.js';
import { deadlineIn } from './deadline.js';
import type { HttpTelemetry } from './http/http-metrics.js';
import type { HttpServer } from './http/http-server.js';
import type { HttpDeps } from './http/plugins.js';
import type { Cluster, Phones, ShardDirectory } from './ports.js';
import { TenantQuotas } from './quotas/tenant-quotas.js';
import { getPark } from './reads/get-park.js';
import { listSlots } from './reads/list-slots.js';
import { RecordReads } from './records/record-reads.js';
import { parkHistory } from './records/park-history.js';
import { recordsService } from './records/records-service.js';
import { OwnedSlots } from './reads/owned-slots.js';
import { Delivery } from './routing/delivery.js';
import { GrpcOwnerTransport } from './routing/grpc-owner-transport.js';
import { OwnerChanges } from './routing/owner-changes.js';
import { OwnerLinks } from './routing/owner-links.js';
import type { OwnerTransport } from './routing/owner-transport.js';
import { ShardOwners } from './routing/shard-owners.js';
import { Lots } from './settings/lots.js';
import { MediaNodes } from './settings/media-nodes.js';
import { LongCalls } from './stream/long-calls.js';
import { OpenStreams } from './stream/open-streams.js';
import { WatchHub } from './watch/watch-hub.js';
import { watchSlots } from './watch/watch-slots.js';

/** The role under which slot shards are owned. */
const SLOT_ROLE = 'slot-shard';

/** The role under which media nodes are. */
const MEDIA_ROLE = 'media';

/** Where who calls need not be asked. */
const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', '::1', 'localhost']);

/** What is cut short at the end has this long to be told so. */
const LAST_ANSWERS_MS = 100;

export interface GatewayDeps {
  /** Not closed by the gateway. */
  readonly store: Store;
  /** Where history, audit and dead letters are read; not closed by the gateway. Default: they are refused. */
  readonly bus?: Bus | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Default: none. */
  readonly security?: Security | undefined;
  /** Who calls the REST API. Default: nobody is asked, and everybody may do everything. */
  readonly authenticator?: Authenticator | undefined;
  /** Where prompt files of tenants are kept. Default: there can be none. */
  readonly blobs?: Blobs | undefined;
  /** Default: gRPC. */
  readonly ownerTransport?: OwnerTransport | undefined;
  /** How phones are rung for calls that the cluster connects. Default: they are not. */
  readonly phones?: ((owners: Pick<OwnerDirectory<string>, 'owner'>) => Phones) | undefined;
  /** What listens for gRPC, for simulation; default: a real server. */
  readonly listen?: Listen | undefined;
  /** Where its metrics go. Of one registry one gateway at most. */
  readonly metrics?: { readonly registry: Registry } | undefined;
  /** Where its requests are traced; undefined: nowhere. */
  readonly tracer?: Tracer | undefined;
}

/** A gateway that serves. */
export interface Gateway {
  /** `host:port` it listens on. */
  readonly address: string;
  /** Where the REST API and the park board are, `http://host:port` or `https://host:port`; undefined: it is not served. */
  readonly httpUrl: string | undefined;
  /**
   * Takes nothing new, ends watches and streams so that clients go elsewhere (UNAVAILABLE, DRAINING), waits at most `graceMs`
   * for what is under way, and closes. Idempotent.
   */
  drain(graceMs: number): Promise<void>;
  /** Closes at once; after `drain` it waits for that. Idempotent. */
  close(): Promise<void>;
}

/**
 * Starts a gateway: resolves when settings, owners and media nodes are known and it listens. Rejects when the address is taken,
 * or the store's contents are not usable.
 */
export async function createGateway(input: GatewayConfigInput, deps: GatewayDeps): Promise<Gateway> {
  const config = gatewayConfig(input);
  if (config.httpPort !== undefined && deps.authenticator === undefined && !LOOPBACK.has(config.host)) {
    throw new Error(`The REST API would ask nobody who calls: it is served on loopback alone, not on ${config.host}.`);
  }
  const { limits } = config;
  const { store, clock, random, log } = deps;
  const cluster = await joinCluster(store, config.shardCount, random);
  const settings = new SettingsCache(
    {},
    {
      store,
      clock,
      onInvalid: (invalid) => log.warn('settings-invalid', { ...invalid }),
      onUnavailable: (error) => log.warn('settings-unavailable', { error: String(error) }),
    },
  );
  const ownerKeys = new OwnerDirectory<number>(numberedPartitions(SLOT_ROLE, cluster.shardCount), {
    store,
    clock,
    random,
    report: (what, error) => log.warn(`owners-${what}`, { error: String(error) }),
  });
  const mediaNodes = new MediaNodes(store, clock);
  const mediaOwners = new OwnerDirectory<string>(
    namedPartitions(MEDIA_ROLE, () => []),
    { store, clock, random, report: (what, error) => log.warn(`media-owners-${what}`, { error: String(error) }) },
  );
  await Promise.all([
    ...[settings.start(), ownerKeys.start(), mediaNodes.start()],
    // The park board alone shows them.
    ...(config.httpPort === undefined ? [] : [mediaOwners.start()]),
  ]);

  const onDefect = (error: unknown): void =>
    log.error('defect', { error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  const directory = new ShardOwners(ownerKeys);
  const owners = ownersOf(directory, deps, limits);
  const stop = new AbortController();
  const routed = { directory, clock, random, stop: stop.signal, ...owners };
  const lots = new Lots(config, { store, settings, clock, random });
  const owned = new OwnedSlots(limits, { cluster, ...routed });
  const places = new Places(cluster, lots, (...asked) => owned.shardOf(...asked));
  const delivery = new Delivery(limits, routed);
  const commands = new Commands({
    settings,
    isRegistered: (mediaNode) => mediaNodes.has(mediaNode),
    places,
    delivery,
    parking: new Parking(limits.maxLotsPerChoice, cluster, lots, delivery),
    moving: new Moving(delivery, clock),
    clock,
    random,
  });
  const registry = deps.metrics?.registry ?? new Registry();
  const refusals = quotaRefusals(registry);
  const hub: WatchHub = new WatchHub(limits, {
    cluster,
    settings,
    quota: (tenantId) => quotas.watch(tenantId),
    shardsOf: (tenantId) => owned.shardsOf(tenantId),
    ...routed,
  });
  const quotas: TenantQuotas = new TenantQuotas({
    ...{ store, clock, random, settings, refused: refusals },
    watches: (tenantId) => hub.watchersOf(tenantId),
    watchers: () => hub.tenants(),
    report: (what, error) => log.warn(what, { error: String(error) }),
  });
  await quotas.start();
  const underWay = new UnderWay(limits.maxUnderWay);
  const longCalls = new LongCalls();
  const streams = new OpenStreams({ limits, clock, commands, underWay, quotas, onDefect }, longCalls);
  const park: ParkServiceDeps['getPark'] = (request, deadline) =>
    getPark(request, deadline, clock.nowMs(), { settings, places, delivery, owned });
  const lotOf: LotOf = async (tenantId, parkId) => {
    const by = { $case: 'parkId', value: parkId } as const;
    const found = await park({ tenantId, by, consistency: Consistency.UNFENCED }, deadlineIn(undefined, clock, limits));
    return found instanceof Refused ? found : (found.park?.lotId ?? '');
  };
  const { blobs } = deps;
  const parked = new OwnersParked(commands, clock, limits, cluster, owned);
  const admin = new Admin({ store, settings, clock, random, parked, blobs });
  const records = new RecordReads(deps.bus);
  records.begin(settings.system.records, (error) => log.warn('record streams', { error: String(error) }));
  const service = parkService({
    limits,
    clock,
    commands,
    getPark: park,
    listSlots: (request, deadline) => listSlots(request, deadline, clock.nowMs(), { cluster, lots, owned }),
    listParkHistory: (request, deadline) => parkHistory(request, deadline, { lots, records }),
    watchSlots: (call) => watchSlots(call, { limits, clock, lots, hub, underWay, longCalls, quotas }),
    streams,
    underWay,
    quotas,
    onDefect,
    tracing: deps.tracer !== undefined,
  });
  // Asked before each request of the REST and the administration API, and so the place where those are counted.
  const tenant = (tenantId: string): undefined | Promise<undefined | Refused> => {
    const beyond = quotas.request(tenantId);
    return beyond === undefined ? lots.tenant(tenantId, deadlineIn(undefined, clock, limits)) : Promise.resolve(beyond);
  };
  const run: HttpDeps['run'] = (work) => underWay.run('', work);
  const administration = adminService({ admin, tenant, run, onDefect });
  const recorded = recordsService({ admin, records, tenant, run, onDefect });
  const ageMs = config.maxConnectionAgeMs;
  const connectionAge = ageMs === 0 ? undefined : { ageMs, random, aged: (peer: string): void => longCalls.aged(peer) };
  const observer = new RpcMetrics(registry);
  const { tracer } = deps;
  const { host, port } = config;
  const { security } = deps;
  const server = await (deps.listen ?? GrpcServer.start)(
    { host, port, services: [service, administration, recorded], connectionAge, observer, tracer, security, lotOf },
    clock,
  );
  watchGateway(registry, {
    watchers: () => hub.watchers,
    feeds: () => hub.feeds,
    commandStreams: () => streams.size,
    links: () => owners.links.size,
    servedShards: () => directory.all().size,
    shardCount: cluster.shardCount,
    queues: [
      { name: 'under-way', limit: limits.maxUnderWay, depth: () => underWay.count },
      { name: 'watchers', limit: limits.maxWatchers, depth: () => hub.watchers },
      { name: 'command-streams', limit: limits.maxCommandStreams, depth: () => streams.size },
    ],
  });
  const { shardCount } = cluster;
  const clusterWatch = new ClusterWatch({
    ...{ shardCount, shards: ownerKeys, media: mediaOwners, nodes: mediaNodes, clock },
  });
  const phones = deps.phones?.(mediaOwners);
  const http = await startHttp(
    config,
    deps,
    { registry, tracer },
    {
      admin,
      authenticator: deps.authenticator ?? openAuthenticator,
      tenant,
      records,
      listSlots: async (request) =>
        quotas.request(request.tenantId) ??
        listSlots(request, deadlineIn(undefined, clock, limits), clock.nowMs(), { cluster, lots, owned }),
      run,
      getPark: (request) => park(request, deadlineIn(undefined, clock, limits)),
      execute: (command, by) => commands.execute(command, deadlineIn(undefined, clock, limits), { by }),
      ...{ lotOf, onDefect },
      board: {
        watch: (request, sink) => (underWay.stopped ? draining() : hub.watch(request, sink)),
        ...{ clock, settings, cluster: clusterWatch, phones },
      },
    },
  ).catch(async (error: unknown) => {
    await server.stop(0);
    throw error;
  });
  const sweeper = new DrainingSweeper(admin.draining, { clock, random, onDefect });
  server.setServing(true);
  const address = `${config.host}:${server.port}`;
  log.info('gateway-serving', { address, ...(http === undefined ? {} : { http: http.url }) });

  const end = async (graceMs: number): Promise<void> => {
    const untilMs = clock.monotonicMs() + graceMs;
    server.setServing(false);
    sweeper.close();
    underWay.stop();
    hub.close(draining());
    streams.drain();
    await underWay.idle(clock, graceMs);
    // Whatever is still under way is answered with DRAINING, and given a moment to leave.
    stop.abort();
    await http?.stop(LAST_ANSWERS_MS);
    owners.changes.close();
    owners.links.close();
    await server.stop(Math.max(LAST_ANSWERS_MS, untilMs - clock.monotonicMs()));
    await quotas.close();
    clusterWatch.close();
    ownerKeys.close();
    phones?.close();
    mediaOwners.close();
    settings.close();
    mediaNodes.close();
    log.info('gateway-stopped', { address });
  };
  let ended: Promise<void> | undefined;
  return {
    address,
    httpUrl: http?.url,
    drain: (graceMs) => (ended ??= end(graceMs)),
    close: () => (ended ??= end(0)),
  };
}

/** The HTTP server and all it needs are loaded only where it is wanted: they take longer to load than the rest of the process. */
async function startHttp(
  { host, httpPort }: GatewayConfig,
  { clock, security }: GatewayDeps,
  telemetry: HttpTelemetry,
  deps: HttpDeps,
): Promise<HttpServer | undefined> {
  if (httpPort === undefined) return undefined;
  const { DEFAULT_HTTP_LIMITS, startHttpServer } = await import('./http/http-server.js');
  const config = { host, port: httpPort, limits: DEFAULT_HTTP_LIMITS, certificate: security?.certificate };
  return startHttpServer(config, deps, clock, telemetry);
}

async function joinCluster(store: Store, shardCount: number | undefined, random: Random): Promise<Cluster> {
  const found = await ensureMeta(store, { shardCount, random });
  if (found.ok) return { shardCount: found.meta.shard_count, incarnation: found.meta.incarnation };
  const issues = found.issues.map(({ path, message }) => `${path}: ${message}`).join('; ');
  throw new Error(`The store's contents cannot be used (${issues})`);
}

function ownersOf(
  directory: ShardDirectory,
  { clock, security, ownerTransport }: GatewayDeps,
  limits: ReturnType<typeof gatewayConfig>['limits'],
): { readonly links: OwnerLinks; readonly changes: OwnerChanges } {
  const transport = ownerTransport ?? new GrpcOwnerTransport(limits, clock, (security ?? NO_SECURITY).peers);
  return {
    links: new OwnerLinks(transport, directory, clock, limits),
    changes: new OwnerChanges(directory, clock),
  };
}
