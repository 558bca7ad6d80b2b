import { ManualClock } from '@parkade/clock';
import { describe, expect, it } from 'vitest';
import { Deadline } from './deadline.js';
import { Gate } from './gate.js';
import { RecentMap } from './recent-map.js';

describe('gate', () => {
  it('runs at most its width at once, in order, also when tasks fail', async () => {
    const gate = new Gate(2);
    const began: number[] = [];
    const finish: (() => void)[] = [];
    const runs = [0, 1, 2, 3].map((i) =>
      gate.run(async () => {
        began.push(i);
        await new Promise<void>((resolve) => finish.push(resolve));
        if (i === 0) throw new Error('no');
        return i;
      }),
    );
    const settled = Promise.allSettled(runs);
    expect(began).toEqual([0, 1]);
    finish[0]?.();
    await expect(runs[0]).rejects.toThrow('no');
    await new Promise((resolve) => setImmediate(resolve));
    expect(began).toEqual([0, 1, 2]);
    for (let i = 1; i < 4; i++) {
      finish[i]?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect((await settled).map((each) => each.status)).toEqual(['rejected', 'fulfilled', 'fulfilled', 'fulfilled']);
  });
});

describe('recent map', () => {
  it('holds at most its capacity, and what is used stays', () => {
    const map = new RecentMap<number, string>(100);
    for (let i = 0; i < 1_000; i++) {
      map.set(i, `${i}`);
      expect(map.get(0)).toBe('0');
      expect(map.size).toBeLessThanOrEqual(100);
    }
    expect([map.get(999), map.get(960), map.get(500)]).toEqual(['999', '960', undefined]);
  });

  it('gives the newest value of a key, and none of a deleted one', () => {
    const map = new RecentMap<string, number>(2);
    map.set('a', 1);
    map.set('b', 2);
    map.set('a', 3);
    expect([map.get('a'), map.size]).toEqual([3, 2]);
    map.delete('a');
    expect(map.get('a')).toBeUndefined();
    map.clear();
    expect(map.size).toBe(0);
  });
});

describe('deadline', () => {
  it('tells how long is left, and throws timeout once nothing is', async () => {
    const clock = new ManualClock();
    const deadline = new Deadline(clock, 100);
    expect([deadline.leftMs(), deadline.inTime()]).toEqual([100, deadline]);
    await clock.advance(100);
    expect(() => deadline.leftMs()).toThrow('100 ms');
    expect(() => deadline.inTime()).toThrow(expect.objectContaining({ code: 'timeout' }) as Error);
  });
});
