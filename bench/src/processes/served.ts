import { setTimeout as delay } from 'node:timers/promises';
import type { BenchProcess } from './bench-process.js';

const SERVED_WITHIN_MS = 30_000;

/** Resolves when a process serves `count` shards, or recall partitions. Rejects after 30 s. */
export async function served(by: BenchProcess, count: number): Promise<void> {
  const endMs = Date.now() + SERVED_WITHIN_MS;
  while ((await by.ask('shards', undefined)) < count) {
    if (Date.now() > endMs) throw new Error(`${by.name} does not serve all of ${count}`);
    await delay(50);
  }
}
