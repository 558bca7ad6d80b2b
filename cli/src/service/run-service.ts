import { type Clock, type Random, SystemClock, SystemRandom } from '@parkade/clock';
import type { Authenticator } from '@parkade/identity';
import type { Log, Security, Tracer } from '@parkade/rpc';
import type { Store } from '@parkade/store';
import {
  letHeapGrow,
  type MetricsServer,
  openTracer,
  type OpenTracer,
  ProcessMetrics,
  serveMetrics,
} from '@parkade/telemetry';
import { type OpenedSecurity, openSecurity } from '../security/open-security.js';
import { jsonLog } from '../terminal/json-log.js';
import type { Output } from '../terminal/output.js';
import { unknownVariables } from '../flags/variables.js';
import { type Backends, openBackends } from './backends.js';
import type { LocalServiceDeps } from './local-service.js';
import { settledShardCount } from './shard-count.js';
import type { ServiceFlags } from './service-flags.js';
import { untilStopped } from './until-stopped.js';
import { softwareVersion } from './version.js';

/** Something that serves until it is told to stop. */
export interface Running {
  drain(graceMs: number): Promise<void>;
}

/** What a command gets to start its process with. */
export interface ProcessDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: ProcessMetrics;
  /** Undefined where traces are off. */
  readonly tracer: Tracer | undefined;
  readonly security: Security;
  /** Who calls, for what is not gRPC. */
  readonly authenticator: Authenticator;
}

/** What a command gets to start its service with. */
export type ServiceDeps = LocalServiceDeps & ProcessDeps;

/** Kept of the grace period for closing connections, so that the process ends by itself within it. */
const CLOSING_SHARE = 0.1;

/**
 * Opens the store and the bus, waits for the store, does `prepare`, starts what `start` starts, and resolves when a signal has
 * ended it and all is closed. A signal during the start counts as well. Rejects where the start fails; then everything is closed, too.
 */
export async function runService(
  flags: ServiceFlags,
  output: Output,
  start: (deps: ServiceDeps, shardCount: number) => Promise<Running>,
  prepare: (store: Store) => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  let backends: Backends | undefined;
  try {
    await runProcess(flags, output, async (own, signal) => {
      backends = await openBackends(flags.backends, own);
      const deps = { ...own, ...backends };
      const shardCount = await settledShardCount(flags.shardCount, { ...deps, etcd: flags.backends.etcd }, signal);
      if (shardCount === undefined) return undefined;
      await prepare(deps.store);
      return await start(deps, shardCount);
    });
  } finally {
    await backends?.close();
  }
}

/**
 * Starts what `start` starts and resolves when a signal has ended it: what every process does that serves, also one without a
 * store. `start` gets a signal that is aborted by the first SIGTERM; where it resolves to nothing, there is nothing to run.
 */
export async function runProcess(
  flags: ServiceFlags,
  output: Output,
  start: (deps: ProcessDeps, signal: AbortSignal) => Promise<Running | undefined>,
): Promise<void> {
  letHeapGrow();
  const clock = new SystemClock();
  const log = jsonLog(flags.logLevel, (line) => output.error(line), clock);
  for (const { name, nearest } of unknownVariables(process.env)) log.warn('variable not known', { name, nearest });
  const signals = untilStopped(output);
  const metrics = new ProcessMetrics(flags.role, softwareVersion());
  let scraped: MetricsServer | undefined;
  let protection: OpenedSecurity | undefined;
  let traces: OpenTracer | undefined;
  try {
    // Before anything else: how long a start waits for its store shall be seen, too.
    if (flags.metrics !== undefined) {
      scraped = await serveMetrics(metrics, flags.metrics);
      log.info('metrics', { url: `http://${scraped.address}/metrics` });
    }
    if (flags.traces !== undefined) {
      traces = await openTracer({ ...flags.traces, service: `parkade-${flags.role}`, version: softwareVersion() });
    }
    protection = await openSecurity(flags.security, { clock, log });
    announceToken(output, flags.json, protection.devToken);
    const { security, authenticator } = protection;
    const deps = { clock, random: new SystemRandom(), log, metrics, tracer: traces?.tracer, security, authenticator };
    const running = await start(deps, signals.signal);
    if (running === undefined) return;
    await signals.stopped;
    await running.drain(flags.graceMs * (1 - CLOSING_SHARE));
    log.info('stopped');
  } finally {
    protection?.close();
    await traces?.close();
    await scraped?.close();
    signals.release();
  }
}

/** The line that says where a process listens; programs may wait for it. */
export function announce(output: Output, json: boolean, address: string): void {
  output.line(json ? JSON.stringify({ event: 'listening', address }) : `listening on ${address}`);
}

/** The one place that prints a token: the development mode's own, on stdout and not in the log. */
function announceToken(output: Output, json: boolean, token: string | undefined): void {
  if (token === undefined) return;
  if (json) output.line(JSON.stringify({ event: 'token', token }));
  else output.line(`token of an operator, for 12 hours:\nexport PARKADE_TOKEN=${token}`);
}

/** The same of its REST API and its park board, where it has them. */
export function announceHttp(output: Output, json: boolean, url: string | undefined): void {
  if (url === undefined) return;
  if (json) return output.line(JSON.stringify({ event: 'http-listening', url }));
  output.line(`REST API on ${url}/api/docs/`);
  output.line(`park board on ${url}/board/`);
}
