import { ManualClock } from './manual.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Timeout, Timeouts } from './timeouts.js';

describe('timeouts', () => {
  it('tell everybody who is not removed once, at their time, with one timer at most (T1, T2)', async () => {
    const plan = fc.array(fc.record({ addMs: fc.nat(50), forMs: fc.nat(100), removedAfterMs: fc.nat(150) }));
    await fc.assert(
      fc.asyncProperty(plan, async (all) => {
        const clock = new ManualClock();
        const timeouts = new Timeouts(clock);
        const startMs = clock.monotonicMs();
        const told = all.map((): number[] => []);
        const pending: { i: number; atMs: number; timeout: Timeout; addedMs: number; removeMs: number }[] = [];
        for (let ms = 0; ms <= 250; ms++) {
          for (const [i, { addMs, forMs, removedAfterMs }] of all.entries()) {
            if (addMs !== ms) continue;
            const atMs = startMs + ms + forMs;
            const timeout = timeouts.add(atMs, () => told[i]?.push(clock.monotonicMs()));
            pending.push({ i, atMs, timeout, addedMs: startMs + ms, removeMs: startMs + ms + removedAfterMs });
          }
          for (const { removeMs, timeout } of pending) if (removeMs === startMs + ms) timeouts.remove(timeout);
          expect(clock.pendingTimers).toBeLessThanOrEqual(1);
          await clock.advance(1);
        }
        for (const { i, atMs, removeMs, addedMs } of pending) {
          // The clock moves on before anything is removed, but after it is added.
          const removedBefore = removeMs < atMs || (removeMs === atMs && addedMs === atMs);
          expect(told[i]).toEqual(removedBefore ? [] : [atMs]);
        }
        expect(clock.pendingTimers).toBe(0);
      }),
      { numRuns: 50 },
    );
  });

  it('let a task that is over in time go its way, and reject one that is not', async () => {
    const clock = new ManualClock();
    const timeouts = new Timeouts(clock);
    const late = (): Error => new Error('late');
    const atMs = clock.monotonicMs() + 100;
    await expect(timeouts.within(Promise.resolve('done'), atMs, late)).resolves.toBe('done');
    let settled = 0;
    const failing = timeouts.within(Promise.reject(new Error('no')), atMs, late, () => settled++);
    await expect(failing).rejects.toThrow('no');
    expect(settled).toBe(1);
    expect(clock.pendingTimers).toBe(0);
    const outcome = expect(timeouts.within(new Promise(() => undefined), atMs, late)).rejects.toThrow('late');
    await clock.advance(100);
    await outcome;
  });
});
