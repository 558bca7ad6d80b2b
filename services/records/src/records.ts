import type { Bus } from '@parkade/bus';
import { type Clock, type Random, sleep } from '@parkade/clock';
import {
  DEFAULT_TIMING,
  GrpcHandOffClient,
  LeaseSession,
  numberedPartitions,
  type OwnershipTiming,
  ownershipService,
  PartitionOwner,
  tcpProbe,
} from '@parkade/ownership';
import { EVENT_STREAM } from '@parkade/presence';
import { recordStreams } from '@parkade/records';
import { GrpcServer, type Log, NO_SECURITY, type Security, type Tracer } from '@parkade/rpc';
import { type RecordsSettings, SettingsCache } from '@parkade/settings';
import type { Store } from '@parkade/store';
import { Registry, RpcMetrics } from '@parkade/telemetry';
import { OutboxMover } from './audit/outbox-mover.js';
import type { RecordsConfig } from './config.js';
import { partitionOf, RECORDS_PARTITIONS, RECORDS_ROLE } from './partitions.js';
import { PartitionSet } from './partition-set.js';
import { EventTap } from './recording/event-tap.js';
import { watchRecords } from './records-metrics.js';
import { Dispatcher } from './webhooks/dispatcher.js';
import { Endpoints } from './webhooks/endpoints.js';
import { type Resolve, systemResolve } from './webhooks/target.js';

const PROBE_TIMEOUT_MS = 300;
/** How often the bounds of the streams are compared with the settings, in ms; a failure is tried again sooner. */
const BOUNDS_EVERY_MS = 30_000;
const BOUNDS_RETRY_MS = 1_000;

export interface RecordsDeps {
  /** Neither is closed by the service. */
  readonly store: Store;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Default: none. */
  readonly security?: Security | undefined;
  /** For tests and simulation; production keeps the defaults. */
  readonly timing?: Partial<OwnershipTiming> | undefined;
  /** Default: the system's. */
  readonly resolve?: Resolve | undefined;
  readonly metrics?: { readonly registry: Registry } | undefined;
  readonly tracer?: Tracer | undefined;
}

/** A running records process. */
export interface Records {
  /** Where others reach it: `host:port`. */
  readonly address: string;
  /** How many partitions it owns now. */
  ownedPartitions(): number;
  /** Hands everything to others within `graceMs`, then stops. */
  drain(graceMs: number): Promise<void>;
  /** Stops at once; what it owned is claimed by others. */
  close(): Promise<void>;
}

/**
 * Starts to own the recording of tenants: park history, the audit, and what goes to webhooks. Resolves when it listens and has
 * joined; a bus that is away is waited for. Rejects when the address is taken.
 */
export async function startRecords(config: RecordsConfig, deps: RecordsDeps): Promise<Records> {
  const { store, bus, clock, random, log } = deps;
  const security = deps.security ?? NO_SECURITY;
  const registry = deps.metrics?.registry ?? new Registry();
  const stop = new AbortController();
  const session = new LeaseSession(
    { ttlMs: config.leaseTtlMs },
    { store, clock, random, report: (what, error) => log.warn(what, { error: String(error) }) },
  );
  const counters = watchRecords(registry, {
    partitions: () => ownership.owned().length,
    endpoints: () => dispatcher.size,
    session,
  });
  const trouble = (doing: string) => (error: unknown) => {
    if (stop.signal.aborted) return;
    counters.trouble();
    log.warn('tried again', { doing, error: String(error) });
  };
  const report = (what: string, error: unknown): void => log.warn(what, { error: String(error) });
  const onDefect = (error: unknown): void => log.error('defect', { error: String(error) });
  const settings = new SettingsCache({}, { store, clock, onUnavailable: (error) => report('settings', error) });
  await settings.start();

  const endpoints = new Endpoints({
    ...{ store, clock, onTrouble: trouble('endpoints') },
    onChange: () => void dispatcher.settle(),
  });
  const tap = new EventTap({ bus, clock, onTrouble: trouble('reading events') });
  const dispatcher: Dispatcher = new Dispatcher({
    ...{ bus, clock, random, endpoints, limits: config.webhooks, resolve: deps.resolve ?? systemResolve },
    owns: (partition) => ownership.owns(partition),
    onTrouble: trouble('delivering'),
    onAttempt: counters.attempt,
  });
  const mover = new OutboxMover({
    ...{ store, bus, clock, onTrouble: trouble('moving the audit') },
    owns: (tenantId) => ownership.owns(partitionOf(tenantId)),
    onMoved: (count) => counters.recorded('audit', count),
  });
  const partitions = new PartitionSet({
    ...{ tap, dispatcher },
    onAcquired: () => mover.look(),
    recorder: {
      ...{ bus, clock, onTrouble: trouble('recording'), onRecorded: counters.recorded },
      hearers: (event) => endpoints.hearers(event),
    },
  });
  const handOffs = ownershipService(
    (role) => (role === RECORDS_ROLE ? (request) => ownership.handOff(request) : undefined),
    onDefect,
  );
  const { host, port } = config;
  const observer = new RpcMetrics(registry);
  const server = await GrpcServer.start(
    { host, port, services: [handOffs], observer, security, tracer: deps.tracer },
    clock,
  );
  const address = `${config.advertiseHost ?? host}:${server.port}`;
  const handOffClient = new GrpcHandOffClient(clock, security.peers);
  const ownership: PartitionOwner<number> = new PartitionOwner<number>(
    {
      self: { memberId: config.memberId, address, version: config.version },
      space: numberedPartitions(RECORDS_ROLE, RECORDS_PARTITIONS),
      timing: { ...DEFAULT_TIMING, ...deps.timing },
    },
    { store, clock, random, session, handler: partitions, handOffClient, probe: tcpProbe(PROBE_TIMEOUT_MS), report },
  );
  session.onObtained(() => server.setServing(true));
  session.onLost(() => server.setServing(false));
  await endpoints.start();
  const running = [
    tap.run(),
    mover.run(),
    keepBounds(bus, () => settings.system.records, clock, stop.signal, trouble('streams')),
  ];
  session.start();
  await ownership.start();
  log.info('records started', { memberId: config.memberId, address });

  const close = async (): Promise<void> => {
    stop.abort();
    tap.close();
    mover.close();
    endpoints.close();
    await ownership.close();
    await dispatcher.close();
    await session.close();
    await Promise.all(running);
    await server.stop(0);
    handOffClient.close();
    settings.close();
  };
  let closed: Promise<void> | undefined;
  return {
    address,
    ownedPartitions: () => ownership.owned().length,
    drain: async (graceMs) => {
      await ownership.leave(graceMs);
      await (closed ??= close());
    },
    close: () => (closed ??= close()),
  };
}

/** Keeps what is recorded within the bounds that the settings say now. Resolves when stopped. */
async function keepBounds(
  bus: Bus,
  settings: () => RecordsSettings,
  clock: Clock,
  signal: AbortSignal,
  onTrouble: (error: unknown) => void,
): Promise<void> {
  while (!signal.aborted) {
    const done = await bus.ensureStreams([EVENT_STREAM, ...recordStreams(settings(), true)]).then(
      () => true,
      (error: unknown) => {
        onTrouble(error);
        return false;
      },
    );
    await sleep(clock, done ? BOUNDS_EVERY_MS : BOUNDS_RETRY_MS, signal);
  }
}
