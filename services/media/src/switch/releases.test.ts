import { ManualClock } from '@parkade/clock';
import { expect, test } from 'vitest';
import { Releases } from './releases.js';

test('everybody who holds a leg is told once where it was let go, and nobody who holds another (R2)', async () => {
  const releases = new Releases(new ManualClock());
  const told: string[] = [];
  const waits = ['a', 'a', 'b'].map((leg) =>
    releases.wait(leg, 1_000).then((released) => told.push(`${leg} ${String(released)}`)),
  );
  releases.tell('a');
  releases.tell('a');
  await Promise.all(waits.slice(0, 2));
  expect(told).toEqual(['a true', 'a true']);
});

test('who is told nothing learns that after his time; what is told before he waits is not for him (R1, R2)', async () => {
  const clock = new ManualClock();
  const releases = new Releases(clock);
  releases.tell('a');
  const wait = releases.wait('a', 1_000);
  await clock.advance(1_000);
  expect(await wait).toBe(false);
});
