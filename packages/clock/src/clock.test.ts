import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { ManualClock, SeededRandom, sleep, SystemClock, SystemRandom } from './index.js';

describe('SystemClock', () => {
  it('never fires a timer early', async () => {
    const clock = new SystemClock();
    const early: number[] = [];
    await Promise.all(
      Array.from({ length: 200 }, (_, i) => {
        const startMs = clock.monotonicMs();
        const delayMs = i / 4;
        return sleep(clock, delayMs).then(() => early.push(Math.min(0, clock.monotonicMs() - startMs - delayMs)));
      }),
    );
    expect(Math.min(...early)).toBe(0);
  });

  it('takes delays longer than setTimeout does', () => {
    const clock = new SystemClock();
    let fired = false;
    const timer = clock.setTimer(2 ** 40, () => (fired = true));
    timer.cancel();
    expect(fired).toBe(false);
  });
});

describe('ManualClock', () => {
  it('fires what falls due, in order, also what is set meanwhile', async () => {
    const clock = new ManualClock(1_000);
    const fired: string[] = [];
    clock.setTimer(20, () => fired.push(`b@${clock.nowMs()}`));
    clock.setTimer(10, () => {
      fired.push(`a@${clock.nowMs()}`);
      clock.setTimer(5, () => fired.push(`c@${clock.nowMs()}`));
    });
    clock.setTimer(15, () => fired.push('never')).cancel();
    await clock.advance(20);
    expect(fired).toEqual(['a@1010', 'c@1015', 'b@1020']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('lets the wall clock be set without time passing', async () => {
    const clock = new ManualClock(1_000);
    clock.stepWall(-500);
    expect([clock.nowMs(), clock.monotonicMs()]).toEqual([500, 0]);
    await clock.advance(1);
    expect([clock.nowMs(), clock.monotonicMs()]).toEqual([501, 1]);
  });
});

describe('sleep', () => {
  it('may be waited for by many on one signal, of which Node suspects no leak, and leaves nothing at it', async () => {
    const warnings: Error[] = [];
    const warned = (warning: Error): void => void warnings.push(warning);
    process.on('warning', warned);
    const stop = new AbortController();
    const clock = new SystemClock();
    await Promise.all(Array.from({ length: 50 }, () => sleep(clock, 5, stop.signal)));
    await sleep(clock, 5);
    process.off('warning', warned);
    expect(warnings).toEqual([]);
    expect(getEventListeners(stop.signal, 'abort')).toEqual([]);
  });

  it('ends at once when it is aborted, and leaves no timer', async () => {
    const clock = new ManualClock();
    const stop = new AbortController();
    const slept = sleep(clock, 1_000_000, stop.signal);
    stop.abort();
    await slept;
    await sleep(clock, 1_000_000, stop.signal);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('randomness', () => {
  it('is replayed by its seed', () => {
    const draw = (seed: number): number[] => {
      const random = new SeededRandom(seed);
      return [random.next(), ...random.bytes(4)];
    };
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
  });

  it('never hands out the same pooled bytes twice', () => {
    const random = new SystemRandom();
    const drawn = Array.from({ length: 2_000 }, () => Buffer.from(random.bytes(16)).toString('hex'));
    expect(new Set(drawn).size).toBe(drawn.length);
    expect(random.bytes(10_000)).toHaveLength(10_000);
  });
});
