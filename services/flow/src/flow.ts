import type { Clock, Random } from '@parkade/clock';
import { FlowCache } from '@parkade/flow';
import { GrpcServer, type Log, NO_SECURITY, type Security, type Tracer, UnderWay } from '@parkade/rpc';
import { SettingsCache } from '@parkade/settings';
import type { Store } from '@parkade/store';
import { Registry, RpcMetrics, watchQueues } from '@parkade/telemetry';
import { flowService } from './api/flow-service.js';
import type { FlowConfig } from './config.js';
import { GrpcParkPort } from './run/grpc-park-port.js';

export interface FlowDeps {
  /** Stored flows and settings are read from it; not closed by the service. */
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Where its metrics go. Of one registry one flow process at most. */
  readonly metrics?: { readonly registry: Registry } | undefined;
  /** Where its requests are traced; undefined: nowhere. */
  readonly tracer?: Tracer | undefined;
  /** Default: none. */
  readonly security?: Security | undefined;
}

/** A running flow process. It holds no state of calls: any number of them may run. */
export interface FlowProcess {
  /** `host:port` it listens on. */
  readonly address: string;
  /** Begins nothing new, waits at most `graceMs` for what is under way, then stops. */
  drain(graceMs: number): Promise<void>;
  /** Stops at once. */
  close(): Promise<void>;
}

/** Starts FlowService. Resolves when settings and stored flows are followed and it listens; rejects when the address is taken. */
export async function startFlow(config: FlowConfig, deps: FlowDeps): Promise<FlowProcess> {
  const { store, clock, random, log } = deps;
  const { limits } = config;
  const security = deps.security ?? NO_SECURITY;
  const report = (what: string) => (error: unknown) => log.warn(what, { error: String(error) });
  const settings = new SettingsCache({}, { store, clock, onUnavailable: report('settings-unavailable') });
  const flows = new FlowCache(
    { maxFlows: limits.maxFlows },
    { store, clock, onUnavailable: report('flows-unavailable') },
  );
  await Promise.all([settings.start(), flows.start()]);
  const port = new GrpcParkPort(config.gateway, limits, clock, security.peers);
  const underWay = new UnderWay(limits.maxUnderWay);
  const onDefect = (error: unknown): void =>
    log.error('defect', { error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  const service = flowService({ store, limits, clock, random, port, flows, settings, underWay, onDefect });
  const registry = deps.metrics?.registry ?? new Registry();
  const observer = new RpcMetrics(registry);
  watchQueues(registry, [{ name: 'under-way', limit: limits.maxUnderWay, depth: () => underWay.count }]);
  const server = await GrpcServer.start(
    { host: config.host, port: config.port, services: [service], security, observer, tracer: deps.tracer },
    clock,
  );
  server.setServing(true);
  const address = `${config.host}:${server.port}`;
  log.info('flow started', { address });

  const end = async (graceMs: number): Promise<void> => {
    server.setServing(false);
    underWay.stop();
    await underWay.idle(clock, graceMs);
    await server.stop(graceMs === 0 ? 0 : 100);
    port.close();
    flows.close();
    settings.close();
  };
  let ended: Promise<void> | undefined;
  return {
    address,
    drain: (graceMs) => (ended ??= end(graceMs)),
    close: () => (ended ??= end(0)),
  };
}
