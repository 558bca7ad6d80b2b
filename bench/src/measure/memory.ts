import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Memory } from '../processes/messages.js';

/** Until buffers whose owners were collected are given back. */
const FREED_MS = 500;

/** What this process holds, after full collections. */
export async function memory(): Promise<Memory> {
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
