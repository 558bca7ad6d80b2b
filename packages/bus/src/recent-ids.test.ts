import { describe, expect, it } from 'vitest';
import { RecentIds } from './recent-ids.js';

describe('recent ids', () => {
  it('are remembered until their time is over', () => {
    const ids = new RecentIds(10);
    ids.add('a', 0);
    ids.add('b', 50);
    ids.expire(0);
    expect([ids.has('a'), ids.has('b')]).toEqual([false, true]);
    ids.add('a', 60);
    ids.expire(50);
    expect([ids.has('a'), ids.has('b'), ids.size]).toEqual([true, false, 1]);
  });

  it('are at most as many as the capacity, the newest', () => {
    const ids = new RecentIds(1_000);
    for (let i = 0; i < 5_000; i++) ids.add(`${i}`, i);
    expect([ids.size, ids.has('3999'), ids.has('4000'), ids.has('4999')]).toEqual([1_000, false, true, true]);
    ids.clear();
    expect(ids.size).toBe(0);
  });
});
