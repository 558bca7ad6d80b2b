import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import type { Clock, Random, Timer } from './clock.js';

/** The machine's own clocks. Its timers do not keep a process alive. */
export class SystemClock implements Clock {
  nowMs(): number {
    return Date.now();
  }

  monotonicMs(): number {
    return performance.now();
  }

  setTimer(delayMs: number, fn: () => void): Timer {
    const dueMs = performance.now() + delayMs;
    // setTimeout may fire up to 2 ms early; a deadline must not, so an early call waits for the rest.
    const fire = (): void => {
      const leftMs = dueMs - performance.now();
      if (leftMs > 0) handle = setTimeout(fire, Math.ceil(leftMs)).unref();
      else fn();
    };
    // Longer delays than setTimeout can take (2^31 - 1 ms) come round again through the same check.
    let handle = setTimeout(fire, Math.min(Math.max(0, Math.ceil(delayMs)), 2 ** 31 - 1)).unref();
    return { cancel: () => clearTimeout(handle) };
  }

  defer(fn: () => void): void {
    setImmediate(fn);
  }
}

const POOL_BYTES = 4096;

/** The operating system's randomness, drawn 4 KiB at a time: a draw for each id cost 2 µs, 3% of a command. */
export class SystemRandom implements Random {
  #pool = Buffer.alloc(0);
  #used = 0;

  next(): number {
    return Math.random();
  }

  bytes(length: number): Uint8Array {
    if (length > POOL_BYTES) return randomBytes(length);
    if (this.#used + length > this.#pool.length) {
      this.#pool = randomBytes(POOL_BYTES);
      this.#used = 0;
    }
    this.#used += length;
    return this.#pool.subarray(this.#used - length, this.#used);
  }
}
