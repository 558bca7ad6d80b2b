import { describe, expect, it } from 'vitest';
import { recallFaults } from './recalls.js';

const change = (revision: number, kind: 'begun' | 'over', attempt: number, parkId = 'p1') => ({
  parkId,
  revision,
  kind,
  attempt,
});

describe('the recalls of a park', () => {
  it('are good one after the other, beside those of another park', () => {
    const other = change(3, 'begun', 1, 'p2');
    expect(recallFaults([change(2, 'begun', 1), other, change(4, 'over', 1), change(5, 'begun', 2)])).toEqual([]);
  });

  it.each([
    [
      'an attempt is made twice',
      [change(2, 'begun', 1), change(3, 'over', 1), change(4, 'begun', 1)],
      /after attempt 1/,
    ],
    ['an attempt is left out', [change(2, 'begun', 2)], /attempt 2 at revision 2 begins after attempt 0/],
    ['one begins while another rings', [change(2, 'begun', 1), change(3, 'begun', 2)], /begins while attempt 1 rings/],
  ] as const)('are bad where %s', (_, changes, sentence) => {
    expect(recallFaults(changes).join('\n')).toMatch(sentence);
  });
});
