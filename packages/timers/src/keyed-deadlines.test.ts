import { describe, expect, it } from 'vitest';
import { KeyedDeadlines } from './keyed-deadlines.js';

describe('KeyedDeadlines', () => {
  it('keeps one time a key, the one given last (K1)', () => {
    const deadlines = new KeyedDeadlines<string>();
    deadlines.set('a', 10);
    deadlines.set('b', 20);
    deadlines.set('a', 30);
    expect(deadlines.nextMs).toBe(20);
    deadlines.delete('b');
    const fired: [string, number][] = [];
    deadlines.advance(100, (key, atMs) => fired.push([key, atMs]));
    expect(fired).toEqual([['a', 30]]);
    expect(deadlines.size).toBe(0);
  });

  it('lets a key that fires be set again (K2)', () => {
    const deadlines = new KeyedDeadlines<string>();
    deadlines.set('a', 10);
    deadlines.advance(10, (key, atMs) => deadlines.set(key, atMs + 10));
    expect(deadlines.has('a')).toBe(true);
    expect(deadlines.nextMs).toBe(20);
    expect(deadlines.delete('a')).toBe(true);
    expect(deadlines.delete('a')).toBe(false);
  });
});
