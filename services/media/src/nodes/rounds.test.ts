import { ManualClock } from '@parkade/clock';
import { expect, test } from 'vitest';
import { Rounds } from './rounds.js';

test('the next round is at the earliest time that was asked for (O1)', async () => {
  const clock = new ManualClock();
  let rounds = 0;
  const all = new Rounds(clock, () => Promise.resolve(++rounds * 1_000), fail);
  all.within(500);
  all.within(5_000);
  all.within(100);
  await clock.advance(100);
  expect(rounds).toBe(1);
  await clock.advance(999);
  expect(rounds).toBe(1);
  all.within(0);
  await clock.advance(0);
  expect(rounds).toBe(2);
});

test('one that is asked for while a round runs comes after it (O2)', async () => {
  const clock = new ManualClock();
  const ends: (() => void)[] = [];
  const all = new Rounds(clock, () => new Promise((resolve) => ends.push(() => resolve(60_000))), fail);
  void all.now();
  all.within(0);
  await clock.advance(1_000);
  expect(ends).toHaveLength(1);
  ends[0]?.();
  await clock.advance(0);
  await clock.advance(0);
  expect(ends).toHaveLength(2);
});

test('a round that fails is told and does not end the rounds that were asked for; after the end there are none', async () => {
  const clock = new ManualClock();
  const defects: unknown[] = [];
  const all = new Rounds(
    clock,
    () => Promise.reject(new Error('no')),
    (error) => defects.push(error),
  );
  await all.now();
  all.within(10);
  await clock.advance(10);
  all.end();
  all.within(0);
  await clock.advance(10);
  expect(defects).toHaveLength(2);
});

function fail(error: unknown): never {
  throw error;
}
