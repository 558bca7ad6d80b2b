import { ManualClock } from '@parkade/clock';
import { describe, expect, it } from 'vitest';
import { DeadlineAlarm, MAX_SLEEP_MS } from './deadline-alarm.js';
import { KeyedDeadlines } from './keyed-deadlines.js';

function start(): {
  clock: ManualClock;
  set: (key: string, afterMs: number) => void;
  fired: [string, number][];
  alarm: DeadlineAlarm;
} {
  const clock = new ManualClock(1_000_000);
  const keyed = new KeyedDeadlines<string>();
  const fired: [string, number][] = [];
  const deadlines = {
    get nextMs() {
      return keyed.nextMs;
    },
    advance: (nowMs: number, max: number) =>
      keyed.advance(nowMs, (key) => fired.push([key, clock.nowMs() - 1_000_000]), max),
  };
  const alarm = new DeadlineAlarm(deadlines, clock);
  const set = (key: string, afterMs: number): void => {
    keyed.set(key, 1_000_000 + afterMs);
    alarm.changed();
  };
  return { clock, set, fired, alarm };
}

describe('DeadlineAlarm', () => {
  it('fires each deadline at its time', async () => {
    const { clock, set, fired } = start();
    set('late', 90_000);
    set('soon', 1_234);
    await clock.advance(1_233);
    expect(fired).toEqual([]);
    await clock.advance(100_000);
    expect(fired).toEqual([
      ['soon', 1_234],
      ['late', 90_000],
    ]);
  });

  it('does not fire early when the wall clock is set back, and loses nothing (A1)', async () => {
    const { clock, set, fired } = start();
    set('a', 10_000);
    await clock.advance(9_000);
    clock.stepWall(-60_000);
    await clock.advance(60_999);
    expect(fired).toEqual([]);
    await clock.advance(1);
    expect(fired).toEqual([['a', 10_000]]);
  });

  it('notices soon that the wall clock was set forward (A1)', async () => {
    const { clock, set, fired } = start();
    set('a', 3_600_000);
    await clock.advance(1_000);
    clock.stepWall(3_600_000);
    await clock.advance(MAX_SLEEP_MS);
    expect(fired.map(([key]) => key)).toEqual(['a']);
  });

  it('keeps one timer, whatever is set (A2)', async () => {
    const { clock, set, fired, alarm } = start();
    for (let i = 0; i < 100; i++) set(`k${i}`, 1_000 - i);
    expect(clock.pendingTimers).toBe(1);
    await clock.advance(2_000);
    expect(fired.length).toBe(100);
    set('never', 1_000_000);
    alarm.close();
    expect(clock.pendingTimers).toBe(0);
  });

  it('fires a crowd in turns, all of it (A3)', async () => {
    const { clock, set, fired } = start();
    for (let i = 0; i < 2_500; i++) set(`k${i}`, 500);
    await clock.advance(500);
    expect(fired.length).toBe(2_500);
  });
});
