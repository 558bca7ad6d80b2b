import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Memory } from '../processes/messages.js';

/** Until buffers whose owners were collected are given back. */
const FREED_MS = 500;

/** Rounds of garbage, some of which outlives a collection, until the young generation is as large as it may become. */
const GROWN_BY = 200;
const OBJECTS = 20_000;

/**
 * What this process holds, after full collections, with its young generation grown as it is in any process that has worked: it
 * belongs to the process, not to what it keeps, so that two processes differ in what they keep alone.
 */
export async function memory(): Promise<Memory> {
  grow();
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let times = 0; times < 3; times++) {
    collect();
    await delay(FREED_MS);
  }
  return resident();
}

/** What this process holds now. */
export function resident(): Memory {
  const { rss, heapUsed, external } = process.memoryUsage();
  return { resident: rss, heap: heapUsed, buffers: external };
}

/** Makes garbage as work does: a few megabytes are alive at any time. */
function grow(): void {
  const alive: object[][] = [];
  for (let round = 0; round < GROWN_BY; round++) {
    alive[round % 20] = Array.from({ length: OBJECTS }, (_, i) => ({ round, i }));
  }
}
