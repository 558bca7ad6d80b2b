import { ManualClock } from '@parkade/clock';
import { expect, test } from 'vitest';
import { SilenceWatch } from './silence-watch.js';

function watch(): { clock: ManualClock; watch: SilenceWatch; done: string[] } {
  const clock = new ManualClock();
  const done: string[] = [];
  const made = new SilenceWatch(
    clock,
    { silenceLimitMs: 25_000, probeLimitMs: 5_000 },
    { probe: () => done.push(`probe ${clock.monotonicMs()}`), dead: () => done.push(`dead ${clock.monotonicMs()}`) },
  );
  return { clock, watch: made, done };
}

test('W1, W2: silence is probed, then declared dead once', async () => {
  const { clock, watch: silence, done } = watch();
  silence.start();
  await clock.advance(120_000);
  expect(done).toEqual(['probe 25000', 'dead 30000']);
  expect(clock.pendingTimers).toBe(0);
});

test('a heartbeat each 20 s keeps it quiet', async () => {
  const { clock, watch: silence, done } = watch();
  silence.start();
  for (let i = 0; i < 20; i++) {
    await clock.advance(20_000);
    silence.touch();
  }
  expect(done).toEqual([]);
});

test('W2: any sign of life after the probe clears it, and the quiet time counts from there', async () => {
  const { clock, watch: silence, done } = watch();
  silence.start();
  await clock.advance(26_000);
  silence.touch();
  await clock.advance(24_999);
  expect(done).toEqual(['probe 25000']);
  await clock.advance(5_001);
  expect(done).toEqual(['probe 25000', 'probe 51000', 'dead 56000']);
});

test('W2: an answer in the very instant of the probe counts', async () => {
  const { clock, watch: silence, done } = watch();
  silence.start();
  await clock.advance(25_000);
  silence.touch();
  await clock.advance(24_999);
  expect(done).toEqual(['probe 25000']);
});

test('W3: stopped, it does nothing', async () => {
  const { clock, watch: silence, done } = watch();
  silence.start();
  silence.stop();
  await clock.advance(120_000);
  expect(done).toEqual([]);
  expect(clock.pendingTimers).toBe(0);
});
