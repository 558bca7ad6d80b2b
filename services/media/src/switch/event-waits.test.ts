import { ManualClock } from '@parkade/clock';
import { expect, test } from 'vitest';
import { EventWaits } from './event-waits.js';

test('V3: the switch is nudged while somebody waits, but not for as long as a phone rings', async () => {
  const clock = new ManualClock();
  let nudges = 0;
  const waits = new EventWaits(clock, () => nudges++);
  const { end } = waits.wait(500, () => undefined);
  await clock.advance(100);
  expect(nudges).toBe(20);
  end();
  await clock.advance(100);
  expect(nudges).toBe(20);

  waits.wait(30_000, () => undefined);
  await clock.advance(10_000);
  expect(nudges).toBe(220);
  // Another one begins to wait.
  waits.wait(60, () => undefined);
  await clock.advance(50);
  expect(nudges).toBe(230);
  waits.endAll();
});
