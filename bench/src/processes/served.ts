import { setTimeout as delay } from 'node:timers/promises';
import type { BenchProcess } from './bench-process.js';

const SERVED_WITHIN_MS = 30_000;

/** Resolves when a process serves `count` shards, or recall partitions. Rejects after `withinMs`. */
export async function served(by: BenchProcess, count: number, withinMs = SERVED_WITHIN_MS): Promise<void> {
  const endMs = Date.now() + withinMs;
  while ((await by.ask('shards', undefined)) < count) {
    if (Date.now() > endMs) throw new Error(`${by.name} does not serve all of ${count}`);
    await delay(50);
  }
}
