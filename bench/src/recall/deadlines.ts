import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { DeadlineHeap, KeyedDeadlines } from '@parkade/timers';
import { above, below, type Figure } from '../result.js';

const COUNT = 1_000_000;
/** The first rounds warm the compiler up. */
const ROUNDS = 5;
const HOUR_MS = 3_600_000;
const START_MS = 1_800_000_000_000;

/** One million deadlines in one process: what they cost, and how fast they are set and cancelled. */
export function deadlineFigures(): readonly Figure[] {
  let best = 0;
  let bytes = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const heap = new DeadlineHeap();
    const handles = new Float64Array(COUNT);
    const from = performance.now();
    for (let i = 0; i < COUNT; i++) handles[i] = heap.insert(START_MS + spread(i));
    bytes = heap.bytes / heap.size;
    for (let i = 0; i < COUNT; i++) heap.cancel(handles[(i * 7919) % COUNT] ?? 0);
    const tookMs = performance.now() - from;
    if (round > 0) best = Math.max(best, (2 * COUNT * 1000) / tookMs);
  }
  return [
    below('deadline_bytes', bytes, 64, 'bytes'),
    below('deadline_bytes_keyed', keyedBytes(), 160, 'bytes'),
    above('deadline_ops', best, 2_000_000, 'per second'),
    above('deadline_churn_ops', churn(), 1_000_000, 'per second'),
  ];
}

/** Cancels and sets anew with a million waiting, which is what extending and retrieving do. */
function churn(): number {
  const heap = new DeadlineHeap();
  const handles = Float64Array.from({ length: COUNT }, (_, i) => heap.insert(START_MS + spread(i)));
  let best = 0;
  for (let round = 0; round < 3; round++) {
    const from = performance.now();
    for (let i = 0; i < COUNT; i++) {
      const at = (i * 7919) % COUNT;
      heap.cancel(handles[at] ?? 0);
      handles[at] = heap.insert(START_MS + spread(i + round));
    }
    best = Math.max(best, (2 * COUNT * 1000) / (performance.now() - from));
  }
  return best;
}

/** Memory by key, the keys themselves included (36 characters each). */
function keyedBytes(): number {
  const collect = collector();
  collect();
  const before = process.memoryUsage();
  const deadlines = new KeyedDeadlines<string>();
  for (let i = 0; i < COUNT; i++) deadlines.set(key(i), START_MS + spread(i));
  collect();
  const after = process.memoryUsage();
  const used = after.heapUsed - before.heapUsed + (after.arrayBuffers - before.arrayBuffers);
  return used / deadlines.size;
}

/** A full garbage collection, so that what is measured is what is kept. */
function collector(): () => void {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  return typeof collect === 'function' ? () => void Reflect.apply(collect, undefined, []) : () => undefined;
}

function key(i: number): string {
  const hex = i.toString(16).padStart(12, '0');
  return Buffer.from(`018f0000-0000-8000-8000-${hex}`, 'latin1').toString('latin1');
}

/** Spreads the deadlines over an hour, in no order. */
function spread(i: number): number {
  return (Math.imul(i, 2_654_435_761) >>> 0) % HOUR_MS;
}
