import type { Bus } from '@parkade/bus';
import type { Clock, Random, Timer } from '@parkade/clock';
import {
  DEFAULT_TIMING,
  GrpcHandOffClient,
  LeaseSession,
  numberedPartitions,
  ownershipService,
  type OwnershipTiming,
  PartitionOwner,
  type Probe,
  tcpHold,
  tcpProbe,
} from '@parkade/ownership';
import { UsageBoard } from '@parkade/quotas';
import { eventKind, PRESENCE_STREAM, STREAMS } from '@parkade/presence';
import { type ListOwnedRequest, type SlotRecord, TransitionKind } from '@parkade/proto';
import {
  GrpcServer,
  INNER_CHANNEL_OPTIONS,
  type Listen,
  type Log,
  NO_SECURITY,
  type Security,
  type Tracer,
  unary,
} from '@parkade/rpc';
import { ensureMeta, formatIssues, SettingsCache } from '@parkade/settings';
import type { Store } from '@parkade/store';
import { quotaRefusals, Registry, RpcMetrics } from '@parkade/telemetry';
import { DeadlineAlarm } from '@parkade/timers';
import { Committer } from './commit/committer.js';
import { ReadFence } from './commit/fence.js';
import { RevisionFloor } from './commit/revision-floor.js';
import type { SlotShardConfig } from './config.js';
import { OwnerMetrics } from './owner-metrics.js';
import { DEFAULT_PUBLISHER_LIMITS, Publisher, type ShardCommitted } from './publisher/index.js';
import { Publishing } from './publishing.js';
import { OwnerQuotas } from './quotas/owner-quotas.js';
import { exchange, type Load } from './rpc/exchange.js';
import { Followers } from './rpc/follow.js';
import { ListOrders } from './rpc/list-orders.js';
import { listOwned } from './rpc/list-owned.js';
import type { ShardDeps } from './shard/shard.js';
import type { SlotTable } from './shard/slot-table.js';
import { OWNER_SERVICE } from './shard/written-answer.js';
import { ShardSet } from './shard-set.js';
import { Compactor } from './upkeep/compactor.js';
import { packShards } from './upkeep/packing.js';
import { Upkeep } from './upkeep/upkeep.js';

/** The role under which shards are owned. */
const ROLE = 'slot-shard';

export interface SlotShardDeps {
  readonly store: Store;
  readonly bus: Bus;
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
  /** Where its metrics go, and whose parked calls are told tenant by tenant. Of one registry one owner at most. */
  readonly metrics?: { readonly registry: Registry; readonly tenants: readonly string[] } | undefined;
  /** Where its requests are traced; undefined: nowhere. */
  readonly tracer?: Tracer | undefined;
}

/** A running slot-shard process. */
export interface SlotShard {
  /** Where others reach it: `host:port`. */
  readonly address: string;
  /** How many shards it serves now. */
  ownedShards(): number;
  /** Hands everything to others within `graceMs`, then stops. */
  drain(graceMs: number): Promise<void>;
  /** Stops at once; what it owned is claimed by others. */
  close(): Promise<void>;
}

/**
 * Starts to own and serve slot shards. `shardCount` counts only where the cluster is made now; undefined: the default. Resolves
 * when it listens and has joined; shards come as they are claimed. Rejects when the address is taken or the store holds another
 * format.
 */
export async function startSlotShard(
  config: SlotShardConfig,
  shardCount: number | undefined,
  deps: SlotShardDeps,
): Promise<SlotShard> {
  const { store, bus, clock, random, log } = deps;
  const { limits } = config;
  const security = deps.security ?? NO_SECURITY;
  const cluster = await ensureMeta(store, { shardCount, random });
  if (!cluster.ok) throw new Error(`The store holds another format: ${formatIssues(cluster.issues)}`);
  const shardTotal = cluster.meta.shard_count;
  if (cluster.shardCountMismatch)
    log.warn('the shard count was fixed when the cluster was made', { shards: shardTotal });
  const settings = new SettingsCache({}, { store, clock });
  await settings.start();

  const { registry, tenants } = deps.metrics ?? { registry: new Registry(), tenants: [] };
  const metrics = new OwnerMetrics(registry);
  const quotas = new OwnerQuotas({ settings, refused: quotaRefusals(registry) });
  const floor = new RevisionFloor();
  const committer = new Committer(
    store,
    clock,
    floor,
    limits,
    (operations, tookMs) => metrics.committed(operations, tookMs),
    deps.tracer,
  );
  const fence = new ReadFence(store, clock, limits.transactionTimeoutMs);
  const followers = new Followers(clock);
  const orders = new ListOrders(clock);
  const instance = `${config.memberId}-${Buffer.from(random.bytes(6)).toString('hex')}`;
  const publisher = new Publisher(
    { ...DEFAULT_PUBLISHER_LIMITS, instance },
    {
      bus,
      clock,
      random,
      log,
      onLagging: (shard) => publishing.lagging(shard),
      observer: metrics,
      tracer: deps.tracer,
    },
  );
  const recordsOf = function* (shard: number, unserved?: SlotTable): Iterable<ShardCommitted> {
    const table = unserved ?? shards.get(shard)?.live.table;
    for (const { key, record, revision } of table?.all() ?? []) yield { shard, slotKey: key, record, revision };
  };
  const publishing = new Publishing({ publisher, store, clock, log, recordsOf });
  const upkeep = new Upkeep(limits, {
    clock,
    log,
    publishedRevision: (shard) => publisher.publishedRevision(shard),
  });
  // No polling: fifty looks a second at nothing were a tenth of what an idle owner cost.
  const alarm = new DeadlineAlarm(
    {
      get nextMs() {
        let nextMs: number | undefined;
        for (const { live } of shards.serving()) nextMs = earlier(nextMs, live.nextDueMs);
        return nextMs;
      },
      advance: () => {
        for (const shard of shards.serving()) shard.tick();
        return 0;
      },
    },
    clock,
  );
  const shards = new ShardSet(config, shardTotal, {
    store,
    clock,
    random,
    log,
    publisher,
    publishing,
    followers,
    upkeep,
    metrics,
    shardDeps: (): ShardDeps => ({
      store,
      clock,
      random,
      log,
      settings,
      ownership,
      committer,
      floor,
      fence,
      quotas,
      changed: (shard, key, record, revision, { trace, wasDark }) => {
        log.debug?.(eventKind(record.last?.kind ?? TransitionKind.UNSPECIFIED), lineOf(record, revision));
        followers.changed(shard.number, key, record, revision);
        publisher.committed(shard.number, { slotKey: key, record, revision, trace, wasDark });
      },
      failed: (tenantId, { reason, data }) => publisher.notice(tenantId, reason, data),
      due: (atMs) => alarm.changed(atMs),
      recovered: () => metrics.shardChanged('recovered'),
    }),
  });

  const load: Load = { underWay: 0, max: limits.maxCommands };
  const onDefect = (error: unknown): void => log.error('defect', { error: String(error) });
  const server = await (deps.listen ?? GrpcServer.start)(
    {
      host: config.host,
      port: config.port,
      security,
      options: INNER_CHANNEL_OPTIONS,
      observer: new RpcMetrics(registry),
      services: [
        {
          definition: OWNER_SERVICE,
          implementation: {
            exchange: exchange(
              (shard) => shards.get(shard),
              load,
              clock,
              (command, answer, tookMs) => metrics.commandEnded(command, answer, tookMs),
              deps.tracer,
            ),
            followShard: followers.handler((shard) => shards.get(shard)),
            listOwned: unary(
              (request: ListOwnedRequest) => listOwned(request, () => shards.serving(), shardTotal, orders),
              onDefect,
            ),
          },
        },
        ownershipService((role) => (role === ROLE ? (request) => ownership.handOff(request) : undefined), onDefect),
      ],
    },
    clock,
  );
  const address = `${config.advertiseHost ?? config.host}:${server.port}`;
  const session = new LeaseSession({ ttlMs: config.leaseTtlMs }, { store, clock, random });
  const handOffClient = new GrpcHandOffClient(clock, security.peers);
  const ownership = new PartitionOwner<number>(
    {
      self: { memberId: config.memberId, address, version: config.version },
      space: numberedPartitions(ROLE, shardTotal),
      timing: { ...DEFAULT_TIMING, ...deps.timing },
    },
    {
      store,
      clock,
      random,
      session,
      handler: shards,
      handOffClient,
      probe: deps.probe ?? tcpProbe(),
      hold: deps.probe === undefined ? tcpHold : undefined,
      report: (what, error) => log.warn(what, { error: String(error) }),
    },
  );

  const compactor = new Compactor(
    { shardCount: shardTotal, keepMs: limits.keepHistoryMs, maxMs: limits.maxHistoryMs },
    store,
    clock,
    log,
  );
  const stopped = new AbortController();
  const every = (ms: number, round: () => Promise<void>): void => repeat(clock, ms, stopped.signal, round, onDefect);
  every(limits.upkeepMs, async () => {
    for (const shard of [...shards.serving()]) await upkeep.round(shard);
  });
  every(limits.packMs, () => packShards([...shards.serving()], clock));
  every(limits.compactMs, async () => {
    if (!ownership.owns(0)) return;
    await compactor
      .round()
      .catch((error: unknown) => log.warn('history could not be compacted', { error: String(error) }));
  });
  const lampsLost = (streams: readonly string[]): void => {
    if (!streams.includes(PRESENCE_STREAM.name)) return;
    log.warn('the bus keeps no lamps: all are published again', { streams: streams.join(' ') });
    publishing.relight();
    for (const shard of [...shards.read()]) void publisher.republishLamps(recordsOf(shard.number));
  };
  const endStatus = bus.onStatus(({ streamsLost }) => lampsLost(streamsLost));
  // Not waited for: parking goes on while the bus is away, and its streams are made when it is reached.
  bus.ensureStreams(STREAMS).then(lampsLost, (error: unknown) => {
    log.warn('the streams of the bus could not be made yet', { error: String(error) });
  });
  metrics.watch({
    shards: () => shards.serving(),
    ownership,
    session,
    queues: [
      { name: 'commands', limit: limits.maxCommands, depth: () => load.underWay },
      { name: 'transactions', limit: limits.maxTransactions, depth: () => committer.underWay },
      { name: 'unpublished', limit: DEFAULT_PUBLISHER_LIMITS.maxPending, depth: () => publisher.pending },
      { name: 'publishes', limit: DEFAULT_PUBLISHER_LIMITS.maxInFlight, depth: () => publisher.inFlight },
    ],
    tenants,
  });
  // Ready is who has a lease: without one it owns nothing, and a rollout must not go on past it.
  session.onObtained(() => server.setServing(true));
  session.onLost(() => server.setServing(false));
  const board = new UsageBoard(ROLE, {
    ...{ store, clock, random, session, usage: () => quotas.told() },
    report: (what, error) => log.warn(what, { error: String(error) }),
  });
  quotas.share(board);
  session.start();
  await board.start();
  await ownership.start();
  log.info('slot-shard started', { memberId: config.memberId, address });

  const close = async (): Promise<void> => {
    stopped.abort();
    alarm.close();
    endStatus();
    await ownership.close();
    await server.stop(0);
    await session.close();
    handOffClient.close();
    orders.close();
    publisher.close();
    board.close();
    settings.close();
  };
  return {
    address,
    ownedShards: () => [...shards.serving()].length,
    drain: async (graceMs) => {
      await ownership.leave(graceMs);
      await publisher.flush(Math.min(graceMs, 2_000));
      await close();
    },
    close,
  };
}

function earlier(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || (b !== undefined && b < a) ? b : a;
}

/** What a line of the log says of a change: whose call, where, by which request. No names or numbers of people. */
function lineOf({ name, last }: SlotRecord, revision: number): Readonly<Record<string, unknown>> {
  const { parkId, requestId, atMs } = last ?? {};
  return { tenant: name?.tenantId, lot: name?.lotId, slot: name?.slot, parkId, requestId, revision, atMs };
}

/** Runs `round` again and again, `everyMs` after it has ended, until aborted. */
function repeat(
  clock: Clock,
  everyMs: number,
  signal: AbortSignal,
  round: () => Promise<void>,
  onDefect: (error: unknown) => void,
): void {
  let timer: Timer | undefined;
  const next = (): void => {
    if (signal.aborted) return;
    timer = clock.setTimer(everyMs, () => void round().catch(onDefect).finally(next));
  };
  signal.addEventListener('abort', () => timer?.cancel(), { once: true });
  next();
}
