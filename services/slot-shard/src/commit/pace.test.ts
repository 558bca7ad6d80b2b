import { describe, expect, it } from 'vitest';
import { Pace, type Waiting } from './pace.js';

const waiting = (fields: Partial<Waiting>): Waiting => ({
  writes: 1,
  full: false,
  sinceMs: 1_000,
  underWay: 0,
  ...fields,
});

describe('a transaction', () => {
  it('leaves at once where nothing is under way and none of several writes left just now (P1)', () => {
    const pace = new Pace();
    expect(pace.leftMs(1_000, waiting({}))).toBeLessThanOrEqual(0);
    pace.sent(999, 1);
    pace.answered(1_000, 1, 0);
    expect(pace.leftMs(1_000, waiting({}))).toBeLessThanOrEqual(0);
    pace.sent(990, 80);
    pace.answered(992, 80, 0);
    expect(pace.leftMs(1_000, waiting({}))).toBeLessThanOrEqual(0);
  });

  it('follows the last one the later, the more writes that held, and no later than P2 allows', () => {
    const pace = new Pace();
    pace.sent(999, 2);
    pace.answered(1_000, 2, 0);
    expect(pace.leftMs(1_000, waiting({}))).toBe(1.5);
    pace.sent(999, 3);
    pace.answered(1_000, 3, 0);
    expect(pace.leftMs(1_000, waiting({}))).toBe(4);
    pace.sent(999, 80);
    pace.answered(1_000, 80, 30);
    expect(pace.leftMs(1_000, waiting({ writes: 40, sinceMs: 999 }))).toBe(7);
    expect(pace.leftMs(1_000, waiting({ writes: 40, sinceMs: 991 }))).toBe(1);
  });

  it('waits a moment for those who were just answered, and no longer once most of them are back (P3)', () => {
    const pace = new Pace();
    pace.sent(980, 80);
    pace.answered(1_000, 80, 10);
    expect(pace.leftMs(1_001, waiting({ writes: 11 }))).toBe(2);
    expect(pace.leftMs(1_001, waiting({ writes: 69 }))).toBe(2);
    expect(pace.leftMs(1_001, waiting({ writes: 70 }))).toBe(0);
    expect(pace.leftMs(1_003, waiting({ writes: 11 }))).toBeLessThanOrEqual(0);
  });

  it('fills beside another one under way, until it is full or its first write has waited long enough (P2)', () => {
    const pace = new Pace();
    expect(pace.leftMs(1_004, waiting({ writes: 20, underWay: 1 }))).toBe(6);
    expect(pace.leftMs(1_010, waiting({ writes: 20, underWay: 1 }))).toBe(0);
    expect(pace.leftMs(1_000, waiting({ writes: 100, underWay: 1, full: true }))).toBe(0);
  });
});
