import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Memory } from '../processes/messages.js';

/** What this process holds, after a full collection. */
export function memory(): Memory {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  return resident();
}

/** What this process holds now. */
export function resident(): Memory {
  const { rss, heapUsed, external } = process.memoryUsage();
  return { resident: rss, heap: heapUsed, buffers: external };
}
