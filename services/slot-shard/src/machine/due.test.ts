import { MediaControl } from '@parkade/proto';
import { describe, expect, it } from 'vitest';
import { nextDueMs, recallDueMs } from './due.js';
import { step } from './step.js';
import { applied, at, commands as c, play, policy, T0 } from './testing/fixtures.js';

const cluster = { mediaControl: MediaControl.CLUSTER };
const limited = { policy: policy({ ringbackTimeoutMs: 0, maxParkMs: 60_000 }) };

describe('what time does by itself (R12)', () => {
  it('never frees a waiting call: that is for the recall service to ask', () => {
    expect(nextDueMs(play([0, c.park('p1', 'a', limited)]))).toBeUndefined();
    expect(nextDueMs(play([0, c.park('p1', 'a')], [1, c.beginRecall('p1', 1)]))).toBeUndefined();
  });

  it('gives a retrieve back only where the client moves the media', () => {
    const begin = c.begin('p1', 'b', 'r1', 10_000);
    expect(nextDueMs(play([0, c.park('p1', 'a')], [5, begin]))).toBe(T0 + 10_005);
    expect(nextDueMs(play([0, c.park('p1', 'a', cluster)], [5, begin]))).toBeUndefined();
  });

  it('ends a reservation after its grace period, and before only with the longest stay', () => {
    expect(nextDueMs(play([0, c.reserve('p1', 'c')]))).toBeUndefined();
    expect(nextDueMs(play([0, c.reserve('p1', 'c', limited)]))).toBe(T0 + 60_000);
    expect(nextDueMs(play([0, c.reserve('p1', 'c')], [10, c.release('p1', 'transfer')]))).toBe(T0 + 5010);
  });

  it('takes what is most overdue first, one change a tick', () => {
    let record = play(
      [0, c.hold('p1', 'm1', T0 + 7000)],
      [0, c.park('p2', 'a')],
      [1, c.begin('p2', 'b', 'r1', 3000)],
      [2, c.reserve('p3', 'c')],
      [3, c.release('p3', 'transfer')],
    );
    const order: string[] = [];
    for (;;) {
      const result = step(record, c.tick, at(60_000, { capacity: 3 }));
      if (result.kind === 'nothing') break;
      record = applied(result).record;
      order.push(`${record.last?.parkId} ${record.last?.reason}`);
      expect(record.last?.requestId).toBe('');
    }
    expect(order).toEqual(['p2 timeout', 'p3 timeout', 'p1 timeout']);
  });
});

describe('recallDueMs', () => {
  it('is when the call comes back, when the ringing is over, or when the longest stay is', () => {
    const short = { policy: policy({ maxParkMs: 90_000 }) };
    expect(recallDueMs(play([0, c.park('p1', 'a')]))).toBe(T0 + 120_000);
    expect(recallDueMs(play([0, c.park('p1', 'a', short)]))).toBe(T0 + 90_000);
    expect(recallDueMs(play([0, c.park('p1', 'a', limited)]))).toBe(T0 + 60_000);
    expect(recallDueMs(play([0, c.park('p1', 'a')], [5, c.beginRecall('p1', 1)]))).toBe(T0 + 30_005);
    expect(recallDueMs(play([0, c.park('p1', 'a')], [5, c.park('p2', 'b', limited)]))).toBe(T0 + 60_005);
  });

  it('is never while a call is for ever, reserved for, or being retrieved', () => {
    const forEver = { policy: policy({ ringbackTimeoutMs: 0 }) };
    expect(recallDueMs(play([0, c.park('p1', 'a', forEver)]))).toBeUndefined();
    expect(recallDueMs(play([0, c.reserve('p1', 'c', limited)]))).toBeUndefined();
    expect(recallDueMs(play([0, c.park('p1', 'a')], [1, c.begin('p1', 'b', 'r1')]))).toBeUndefined();
  });
});
