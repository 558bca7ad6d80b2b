import { ManualClock } from '@parkade/clock';
import { describe, expect, it } from 'vitest';
import { RequestRates } from './request-rates.js';

interface World {
  readonly clock: ManualClock;
  readonly rates: RequestRates;
  readonly told: Map<string, number>;
  members: number;
  limit: number;
}

function world(limit: number, burst = limit): World {
  const clock = new ManualClock(0);
  const told = new Map<string, number>();
  const rates = new RequestRates({
    clock,
    limits: { perSecond: (tenantId) => (tenantId === 'free' ? Infinity : at.limit), burst: () => burst },
    elsewhere: { elsewhere: (tenantId) => told.get(tenantId) ?? 0 },
    members: () => at.members,
  });
  const at: World = { clock, rates, told, members: 1, limit };
  return at;
}

/** How many of so many requests are let through at this moment. */
function admitted({ rates }: World, requests: number, endsStay = false): number {
  let through = 0;
  for (let i = 0; i < requests; i++) if (rates.take('acme', endsStay) === 0) through++;
  return through;
}

describe('requests a second', () => {
  it('come in a burst at first, then as the bucket fills, and say when to come again', async () => {
    const at = world(100, 20);
    expect(admitted(at, 50)).toBe(20);
    expect(at.rates.take('acme', false)).toBe(10);
    await at.clock.advance(10);
    expect(admitted(at, 5)).toBe(1);
    await at.clock.advance(60_000);
    expect(admitted(at, 50)).toBe(20);
  });

  it('of a tenant without a limit are not counted (B4)', () => {
    const at = world(1);
    for (let i = 0; i < 1_000; i++) expect(at.rates.take('free', false)).toBe(0);
    expect([...at.rates.usage()]).toEqual([]);
  });

  it('that end a stay are let through after others were refused, up to a burst (B2)', async () => {
    const at = world(10, 10);
    expect(admitted(at, 100)).toBe(10);
    expect(admitted(at, 100, true)).toBe(10);
    await at.clock.advance(1_000);
    // What is new waits until the debt is paid; what ends a stay has the whole rate.
    expect(admitted(at, 100)).toBe(0);
    expect(admitted(at, 100, true)).toBe(10);
  });

  it('have the share that others leave, and an equal part at least (B1)', async () => {
    const at = world(100, 1);
    const perSecond = async (): Promise<number> => {
      let through = 0;
      for (let ms = 0; ms < 1_000; ms += 2) {
        through += admitted(at, 3);
        await at.clock.advance(2);
      }
      return through;
    };
    await at.clock.advance(1_000);
    at.members = 4;
    expect(await perSecond()).toBeGreaterThanOrEqual(99);
    at.told.set('acme', 40);
    expect(await perSecond()).toBeLessThanOrEqual(61);
    at.told.set('acme', 300);
    const least = await perSecond();
    expect([least >= 24, least <= 26]).toEqual([true, true]);
  });

  it('are told to the others in steps, and forgotten with their bucket when nobody asks any more', async () => {
    const at = world(80, 40);
    at.members = 2;
    admitted(at, 2);
    expect([...at.rates.usage()]).toEqual([]);
    admitted(at, 23);
    expect([...at.rates.usage()]).toEqual([['acme', 45]]);
    await at.clock.advance(10_000);
    expect([...at.rates.usage()]).toEqual([]);
    expect(admitted(at, 100)).toBe(40);
  });

  it('follow the limit as it is set now', async () => {
    const at = world(1, 10);
    expect(admitted(at, 100)).toBe(10);
    at.limit = 1_000;
    await at.clock.advance(5);
    expect(admitted(at, 100)).toBe(5);
  });
});
