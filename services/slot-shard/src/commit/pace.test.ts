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
  it('leaves at once where nothing is under way and few or none were answered just now (P1)', () => {
    const pace = new Pace();
    expect(pace.leftMs(1_000, waiting({}))).toBeLessThanOrEqual(0);
    pace.answered(1_000, 3);
    expect(pace.leftMs(1_000, waiting({}))).toBeLessThanOrEqual(0);
  });

  it('waits a moment for those who were just answered, and no longer once most of them are back', () => {
    const pace = new Pace();
    pace.answered(1_000, 80);
    expect(pace.leftMs(1_001, waiting({}))).toBe(2);
    expect(pace.leftMs(1_001, waiting({ writes: 60 }))).toBe(0);
    expect(pace.leftMs(1_003, waiting({}))).toBeLessThanOrEqual(0);
  });

  it('fills beside another one under way, until it is full or its first write has waited long enough (P2)', () => {
    const pace = new Pace();
    expect(pace.leftMs(1_004, waiting({ writes: 20, underWay: 1 }))).toBe(6);
    expect(pace.leftMs(1_010, waiting({ writes: 20, underWay: 1 }))).toBe(0);
    expect(pace.leftMs(1_000, waiting({ writes: 100, underWay: 1, full: true }))).toBe(0);
  });
});
