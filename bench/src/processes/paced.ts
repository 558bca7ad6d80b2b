import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { Latencies } from './latencies.js';
import type { Load, LoadResult } from './messages.js';
import type { Opened } from './run-load.js';

/** How often it looks what is due. */
const STEP_MS = 1;

/**
 * Sends at a fixed rate, whatever becomes of what was sent before: a request's time begins when it was due, so that one that had to wait
 * for a worker is not told as fast.
 */
export async function paced(
  { inFlight, ms, leadInMs = 0 }: Load,
  perSecond: number,
  { operate, close }: Opened,
): Promise<LoadResult> {
  const latencies = new Latencies();
  const free = Array.from({ length: inFlight }, (_, worker) => ({ worker, turn: 0 }));
  let [failed, firstFailure, due, underWay] = [0, '', 0, 0];
  const startMs = performance.now();
  const countedFromMs = startMs + leadInMs;
  const send = (dueMs: number): void => {
    const next = free.shift();
    if (next === undefined) return;
    due++;
    underWay++;
    operate(next.worker, next.turn, (failure) => {
      if (dueMs >= countedFromMs) {
        latencies.add(performance.now() - dueMs);
        if (failure !== undefined && failed++ === 0) firstFailure = failure;
      }
      underWay--;
      next.turn++;
      free.push(next);
    });
  };
  for (let elapsedMs = 0; elapsedMs < leadInMs + ms; elapsedMs = performance.now() - startMs) {
    while (due < (elapsedMs * perSecond) / 1_000 && free.length > 0) send(startMs + (due * 1_000) / perSecond);
    await delay(STEP_MS);
  }
  const seconds = (performance.now() - countedFromMs) / 1_000;
  while (underWay > 0) await delay(STEP_MS);
  // Slots that are left occupied are emptied, uncounted.
  const [p50Ms, p99Ms] = [latencies.quantile(0.5), latencies.quantile(0.99)];
  const { count: operations } = latencies;
  await Promise.all(
    free
      .filter(({ turn }) => turn % 2 === 1)
      .map(({ worker, turn }) => new Promise<void>((resolve) => operate(worker, turn, () => resolve()))),
  );
  close();
  return { operations, failed, firstFailure, seconds, p50Ms, p99Ms, slowestMs: latencies.slowest(0.05) };
}
