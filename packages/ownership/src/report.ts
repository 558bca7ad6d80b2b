/** Hears of what went wrong and is being dealt with; for logs and counters. `what` is one of a few fixed words. */
export type Report = (what: string, error: unknown) => void;

/** Calls each listener; one that throws does not keep the others from being called. */
export function callAll<A extends readonly unknown[]>(
  listeners: Iterable<(...args: A) => void>,
  report: Report | undefined,
  ...args: A
): void {
  for (const listener of [...listeners]) guarded(report, 'listener', () => listener(...args));
}

/** Runs `fn`; what it throws is reported and goes no further. */
export function guarded(report: Report | undefined, what: string, fn: () => void): void {
  try {
    fn();
  } catch (error: unknown) {
    report?.(what, error);
  }
}
