import { expect, test } from 'vitest';
import { backoffMs } from './backoff.js';

const config = { firstMs: 250, maxMs: 10_000 };

test('the wait doubles up to its maximum', () => {
  expect([1, 2, 3, 6, 7, 1_000].map((failures) => backoffMs(config, failures, 0))).toEqual([
    250, 500, 1_000, 8_000, 10_000, 10_000,
  ]);
});

test('up to half of it is taken off at random', () => {
  expect(backoffMs(config, 1, 0.5)).toBe(187.5);
  expect(backoffMs(config, 7, 0.999)).toBeGreaterThan(5_000);
});
