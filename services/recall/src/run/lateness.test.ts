import { describe, expect, it } from 'vitest';
import { World } from '../testing/world.js';

/** The lateness of one recall whose every message to the owner takes `messageMs`. */
async function latenessWith(messageMs: number): Promise<readonly number[]> {
  const world = new World(1, () => () => messageMs);
  world.media.register('acme', '101', ['desk', 'mobile']);
  world.start();
  world.park('p1', { parker: '101', policy: { ringbackTimeoutMs: 5_000 } });
  await world.clock.advance(8_000);
  expect(world.defects).toEqual([]);
  return world.lateness;
}

describe('how late a recall is', () => {
  it('is told once an attempt, of its first phone: nothing where the owner admits it in the time it is asked ahead', async () => {
    expect(await latenessWith(10)).toEqual([0]);
  });

  it('is what the owner takes longer', async () => {
    const [late = 0, ...others] = await latenessWith(300);
    expect(others).toEqual([]);
    expect(late).toBeGreaterThanOrEqual(200);
    expect(late).toBeLessThanOrEqual(600);
  });
});
