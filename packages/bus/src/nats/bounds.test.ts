import { ManualClock } from '@parkade/clock';
import { describe, expect, it } from 'vitest';
import { Deadline } from './deadline.js';
import { Gate } from './gate.js';
import { LruMap } from './lru-map.js';

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

describe('LRU map', () => {
  it('forgets the entry longest unused beyond its capacity', () => {
    const map = new LruMap<string, number>(2);
    map.set('a', 1);
    map.set('b', 2);
    expect(map.get('a')).toBe(1);
    map.set('c', 3);
    expect([map.get('a'), map.get('b'), map.get('c'), map.size]).toEqual([1, undefined, 3, 2]);
    map.set('a', 4);
    expect([map.get('a'), map.size]).toEqual([4, 2]);
  });
});

describe('deadline', () => {
  it('rejects what takes longer as timeout, and leaves no timer behind for what does not', async () => {
    const clock = new ManualClock();
    const deadline = new Deadline(clock, 100);
    await expect(deadline.within(Promise.resolve('done'))).resolves.toBe('done');
    await clock.advance(0);
    expect(clock.pendingTimers).toBe(0);
    const slow = deadline.within(new Promise(() => undefined));
    const outcome = expect(slow).rejects.toMatchObject({ code: 'timeout' });
    expect(deadline.leftMs()).toBe(100);
    await clock.advance(100);
    await outcome;
    expect(() => deadline.leftMs()).toThrow('100 ms');
  });
});
