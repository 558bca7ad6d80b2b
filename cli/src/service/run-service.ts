import { SystemClock, SystemRandom } from '@parkade/clock';
import type { Store } from '@parkade/store';
import { jsonLog } from '../terminal/json-log.js';
import type { Output } from '../terminal/output.js';
import { type Backends, openBackends } from './backends.js';
import type { LocalServiceDeps } from './local-service.js';
import { settledShardCount } from './shard-count.js';
import type { ServiceFlags } from './service-flags.js';
import { untilStopped } from './until-stopped.js';

/** Something that serves until it is told to stop. */
export interface Running {
  drain(graceMs: number): Promise<void>;
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
  start: (deps: LocalServiceDeps, shardCount: number) => Promise<Running>,
  prepare: (store: Store) => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  const clock = new SystemClock();
  const random = new SystemRandom();
  const log = jsonLog(flags.logLevel, (line) => output.error(line), clock);
  const signals = untilStopped(output);
  let backends: Backends | undefined;
  try {
    backends = await openBackends(flags.backends, { clock, random, log });
    const deps = { ...backends, clock, random, log };
    const shardCount = await settledShardCount(flags.shardCount, deps, signals.signal);
    if (shardCount === undefined) return;
    await prepare(deps.store);
    const running = await start(deps, shardCount);
    await signals.stopped;
    await running.drain(flags.graceMs * (1 - CLOSING_SHARE));
    log.info('stopped');
  } finally {
    await backends?.close();
    signals.release();
  }
}

/** The line that says where a process listens; programs may wait for it. */
export function announce(output: Output, json: boolean, address: string): void {
  output.line(json ? JSON.stringify({ event: 'listening', address }) : `listening on ${address}`);
}
