import type { Clock, Random } from '@parkade/clock';
import {
  DEFAULT_TIMING,
  GrpcHandOffClient,
  LeaseSession,
  numberedPartitions,
  OwnerDirectory,
  type OwnershipTiming,
  ownershipService,
  PartitionOwner,
  type Probe,
  tcpHold,
  tcpProbe,
} from '@parkade/ownership';
import { GrpcServer, type Listen, type Log, NO_SECURITY, type Security, type Tracer } from '@parkade/rpc';
import { ensureMeta, formatIssues, SettingsCache } from '@parkade/settings';
import type { Store } from '@parkade/store';
import { Registry, RpcMetrics } from '@parkade/telemetry';
import { DeadlineAlarm, KeyedDeadlines } from '@parkade/timers';
import { recallService } from './api/recall-service.js';
import type { RecallConfig } from './config.js';
import type { MediaPort } from './media/port.js';
import { Owners } from './owner/owners.js';
import { Partitions } from './partitions.js';
import { watchRecall } from './recall-metrics.js';
import { type Branches, recordedBranches } from './run/branches.js';
import type { ParkEntry } from './run/partition-recalls.js';
import { Preparer } from './run/preparer.js';
import { RingCursors } from './run/ring-cursors.js';

/** The role under which recall partitions are owned: one for each slot shard, of the same number. */
export const RECALL_ROLE = 'recall';

const SLOT_ROLE = 'slot-shard';

const PROBE_TIMEOUT_MS = 300;

export interface RecallDeps {
  /** Not closed by the service. */
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly media: MediaPort;
  /** Default: none. */
  readonly security?: Security | undefined;
  /** Default: what the records keep. */
  readonly branches?: Branches | undefined;
  /** For tests and simulation; production keeps the defaults. */
  readonly timing?: Partial<OwnershipTiming> | undefined;
  /** What listens, and how others are found dead: for simulation; default: gRPC and TCP. */
  readonly listen?: Listen | undefined;
  readonly probe?: Probe | undefined;
  /** Where its metrics go. Of one registry one recall process at most. */
  readonly metrics?: { readonly registry: Registry } | undefined;
  /** Where its requests are traced; undefined: nowhere. */
  readonly tracer?: Tracer | undefined;
}

/** A running recall process. */
export interface Recall {
  /** Where others reach it: `host:port`. */
  readonly address: string;
  /** How many partitions it owns now. */
  ownedPartitions(): number;
  /** How many parks it watches over now. */
  watchedParks(): number;
  /** Hands everything to others within `graceMs`, then stops. What rings goes on ringing. */
  drain(graceMs: number): Promise<void>;
  /** Stops at once; what it owned is claimed by others. */
  close(): Promise<void>;
}

/**
 * Starts to own recall partitions. `shardCount` counts only where the cluster is made now. Resolves when it listens and has
 * joined; partitions come as they are claimed. Rejects when the address is taken or the store holds another format.
 */
export async function startRecall(config: RecallConfig, shardCount: number, deps: RecallDeps): Promise<Recall> {
  const { store, clock, random, log, media } = deps;
  const { limits } = config;
  const security = deps.security ?? NO_SECURITY;
  const cluster = await ensureMeta(store, { shardCount, random });
  if (!cluster.ok) throw new Error(`The store holds another format: ${formatIssues(cluster.issues)}`);
  const shardTotal = cluster.meta.shard_count;
  const report = (what: string, error: unknown): void => log.warn(what, { error: String(error) });
  const settings = new SettingsCache({}, { store, clock, onUnavailable: (error) => report('settings', error) });
  const directory = new OwnerDirectory(numberedPartitions(SLOT_ROLE, shardTotal), { store, clock, random, report });
  await Promise.all([settings.start(), directory.start()]);

  const stop = new AbortController();
  const onDefect = (error: unknown): void =>
    log.error('defect', { error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  const ownerOf = (shard: number): ReturnType<typeof directory.owner> => directory.owner(shard);
  const owners = new Owners(limits, {
    ownerOf,
    clock,
    random,
    settingsRevision: () => settings.revision,
    stop: stop.signal,
    peers: security.peers,
  });
  const deadlines = new KeyedDeadlines<ParkEntry>();
  const alarm = new DeadlineAlarm(
    {
      get nextMs() {
        return deadlines.nextMs;
      },
      advance: (nowMs, max) => deadlines.advance(nowMs, (entry) => entry.partition.due(entry), max),
    },
    clock,
  );
  const preparer = new Preparer({
    settings,
    media,
    turns: new RingCursors(store, limits.contactsTimeoutMs),
    random,
    contactsTimeoutMs: limits.contactsTimeoutMs,
  });
  const partitions: Partitions = new Partitions({
    clock,
    follow: { owners, ownerOf, clock, random, limits },
    snapshotTimeoutMs: limits.snapshotTimeoutMs,
    recalls: (shard) => ({
      clock,
      random,
      owner: owners,
      media,
      preparer,
      branches: deps.branches ?? recordedBranches,
      deadlines,
      rearm: () => alarm.changed(),
      owned: () => ownership.owns(shard),
      onDefect,
      onRing: (lateMs) => observeLateness(lateMs),
    }),
  });

  const api = recallService({
    shardCount: shardTotal,
    owners,
    allOwners: () => directory.all(),
    timeoutMs: limits.attemptTimeoutMs,
    limits,
    clock,
    random,
    onDefect,
  });
  const handOffs = ownershipService(
    (role) => (role === RECALL_ROLE ? (request) => ownership.handOff(request) : undefined),
    onDefect,
  );
  const registry = deps.metrics?.registry ?? new Registry();
  const observer = new RpcMetrics(registry);
  const server = await (deps.listen ?? GrpcServer.start)(
    { host: config.host, port: config.port, services: [api, handOffs], observer, security, tracer: deps.tracer },
    clock,
  );
  const address = `${config.advertiseHost ?? config.host}:${server.port}`;
  const session = new LeaseSession({ ttlMs: config.leaseTtlMs }, { store, clock, random, report });
  const handOffClient = new GrpcHandOffClient(clock, security.peers);
  const ownership: PartitionOwner<number> = new PartitionOwner<number>(
    {
      self: { memberId: config.memberId, address, version: config.version },
      space: numberedPartitions(RECALL_ROLE, shardTotal),
      timing: { ...DEFAULT_TIMING, ...deps.timing },
    },
    {
      store,
      clock,
      random,
      session,
      handler: partitions,
      handOffClient,
      probe: deps.probe ?? tcpProbe(PROBE_TIMEOUT_MS),
      hold: deps.probe === undefined ? tcpHold : undefined,
      report,
    },
  );
  const endChanges = directory.onChange((shard) => partitions.ownerChanged(shard));
  const endLegs = media.onLeg((legId, news) => partitions.legNews(legId, news));
  const observeLateness = watchRecall(registry, {
    partitions: () => ownership.owned().length,
    parks: () => partitions.parks,
    session,
    queues: [{ name: 'owner-commands', limit: limits.maxPerOwner, depth: () => owners.waiting }],
  });
  session.onObtained(() => server.setServing(true));
  session.onLost(() => server.setServing(false));
  session.start();
  await ownership.start();
  log.info('recall started', { memberId: config.memberId, address });

  const close = async (): Promise<void> => {
    stop.abort();
    endLegs();
    endChanges();
    alarm.close();
    await ownership.close();
    await session.close();
    await server.stop(0);
    handOffClient.close();
    owners.close();
    directory.close();
    settings.close();
  };
  let closed: Promise<void> | undefined;
  return {
    address,
    ownedPartitions: () => ownership.owned().length,
    watchedParks: () => partitions.parks,
    drain: async (graceMs) => {
      await ownership.leave(graceMs);
      await (closed ??= close());
    },
    close: () => (closed ??= close()),
  };
}
