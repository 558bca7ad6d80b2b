import { constants, monitorEventLoopDelay, type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks';

/** What held a process's event loop, since it was last asked. Milliseconds. */
export interface Pauses {
  /** The longest collections of the young and of the old generation, and what all of them took. */
  readonly youngMs: number;
  readonly oldMs: number;
  readonly allMs: number;
  /** How late a timer was: 99th percentile and the worst; where a process is idle this counts the clock's own grain of 1 ms, too. */
  readonly lateP99Ms: number;
  readonly lateMs: number;
}

/**
 * Tells what held this process since it was last called; the first call begins to watch it, for that wakes an idle process a thousand
 * times a second.
 */
export function watchPauses(): () => Pauses {
  let watching: (() => Pauses) | undefined;
  return () => (watching ??= watch())();
}

function watch(): () => Pauses {
  let [young, old, all] = [0, 0, 0];
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const { duration, detail } = entry as PerformanceEntry & { readonly detail: { readonly kind: number } };
      if (detail.kind === constants.NODE_PERFORMANCE_GC_MINOR) young = Math.max(young, duration);
      else old = Math.max(old, duration);
      all += duration;
    }
  });
  observer.observe({ entryTypes: ['gc'] });
  const loop = monitorEventLoopDelay({ resolution: 1 });
  loop.enable();
  return () => {
    const told = {
      youngMs: young,
      oldMs: old,
      allMs: all,
      lateP99Ms: loop.percentile(99) / 1e6,
      lateMs: loop.max / 1e6,
    };
    [young, old, all] = [0, 0, 0];
    loop.reset();
    return told;
  };
}
