import { SystemClock, SystemRandom } from '@parkade/clock';
import type { Store } from '@parkade/store';
import { type MetricsServer, ProcessMetrics, serveMetrics } from '@parkade/telemetry';
import { jsonLog } from '../terminal/json-log.js';
import type { Output } from '../terminal/output.js';
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

/** What a command gets to start its service with. */
export interface ServiceDeps extends LocalServiceDeps {
  readonly metrics: ProcessMetrics;
}

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
  const clock = new SystemClock();
  const random = new SystemRandom();
  const log = jsonLog(flags.logLevel, (line) => output.error(line), clock);
  const signals = untilStopped(output);
  const metrics = new ProcessMetrics(flags.role, softwareVersion());
  let backends: Backends | undefined;
  let scraped: MetricsServer | undefined;
  try {
    // Before anything else: how long a start waits for its store shall be seen, too.
    if (flags.metrics !== undefined) {
      scraped = await serveMetrics(metrics, flags.metrics);
      log.info('metrics', { url: `http://${scraped.address}/metrics` });
    }
    backends = await openBackends(flags.backends, { clock, random, log });
    const deps = { ...backends, clock, random, log, metrics };
    const shardCount = await settledShardCount(flags.shardCount, deps, signals.signal);
    if (shardCount === undefined) return;
    await prepare(deps.store);
    const running = await start(deps, shardCount);
    await signals.stopped;
    await running.drain(flags.graceMs * (1 - CLOSING_SHARE));
    log.info('stopped');
  } finally {
    await backends?.close();
    await scraped?.close();
    signals.release();
  }
}

/** The line that says where a process listens; programs may wait for it. */
export function announce(output: Output, json: boolean, address: string): void {
  output.line(json ? JSON.stringify({ event: 'listening', address }) : `listening on ${address}`);
}
