import { setMaxListeners } from 'node:events';

/**
 * Time comes in from outside, so that every component can be run on a manual or a simulated clock.
 *
 * Two kinds of time, never mixed: wall time (`nowMs`) is for what is stored and shown (deadlines, event times);
 * monotonic time (`monotonicMs`) is for what must not be fooled by a clock that is set (leases, time-outs).
 */
export interface Clock {
  /** Wall time in milliseconds since the Unix epoch. May jump in either direction. */
  nowMs(): number;
  /** Milliseconds since an arbitrary start. Never goes back. */
  monotonicMs(): number;
  /** Runs `fn` once, no earlier than `delayMs` from now on the monotonic clock. */
  setTimer(delayMs: number, fn: () => void): Timer;
  /** Runs `fn` after the current turn of the event loop; what gathers a batch uses this (`setImmediate`). */
  defer(fn: () => void): void;
}

/** A pending timer. */
export interface Timer {
  /** Stops the timer; does nothing when it already fired or was cancelled. */
  cancel(): void;
}

/** Randomness comes in from outside as well, so that a run can be replayed from a seed. */
export interface Random {
  /** A float in [0, 1). */
  next(): number;
  /** `length` random bytes. */
  bytes(length: number): Uint8Array;
}

/** Resolves after `delayMs`, or at once when `signal` is aborted. Never rejects. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) {
      resolve();
      return;
    }
    const done = (): void => {
      timer.cancel();
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = clock.setTimer(delayMs, done);
    if (signal === undefined) return;
    // As many may wait at a time as there are calls, and each takes its listener away: Node would suspect a leak from the eleventh on.
    setMaxListeners(0, signal);
    signal.addEventListener('abort', done, { once: true });
  });
}
