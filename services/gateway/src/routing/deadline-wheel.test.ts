import { ManualClock } from '@parkade/clock';
import { describe, expect, it } from 'vitest';
import { DeadlineWheel, TICK_MS } from './deadline-wheel.js';

describe('the deadline wheel', () => {
  it('tells each id once, never early and at most one tick late (W1)', async () => {
    const clock = new ManualClock();
    const told = new Map<number, number>();
    const wheel = new DeadlineWheel(clock, (id) => {
      expect(told.has(id)).toBe(false);
      told.set(id, clock.monotonicMs());
    });
    for (let id = 0; id < 50; id++) {
      wheel.add(id, clock.monotonicMs() + id * 7);
      if (id % 10 === 0) await clock.advance(3);
    }
    await clock.advance(1_000);
    expect(told.size).toBe(50);
    wheel.add(99, clock.monotonicMs() + 5);
    const dueMs = clock.monotonicMs() + 5;
    await clock.advance(100);
    const lateMs = (told.get(99) ?? Infinity) - dueMs;
    expect(lateMs).toBeGreaterThanOrEqual(0);
    expect(lateMs).toBeLessThanOrEqual(TICK_MS);
  });

  it('keeps no timer while nothing waits (W3)', async () => {
    const clock = new ManualClock();
    const wheel = new DeadlineWheel(clock, () => undefined);
    expect(clock.pendingTimers).toBe(0);
    wheel.add(1, 10);
    expect(clock.pendingTimers).toBe(1);
    await clock.advance(100);
    expect(clock.pendingTimers).toBe(0);
  });
});
