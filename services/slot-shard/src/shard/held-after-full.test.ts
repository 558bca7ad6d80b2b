import { HOLDING_LOT, homeShard, partOf, partShard } from '@parkade/ids';
import type { RouteChoiceOp } from '@parkade/proto';
import { putLot } from '@parkade/settings';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { describe as kindOf, parkOf, parkRequest, requestId, slotTarget } from '../testing/owner-client.js';
import { BENCH_SHARDS, ShardBench } from '../testing/shard-bench.js';

const LOT = 'wide';
const PARTS = 2;
const lot = { kind: { $case: 'lot' as const, value: { lotId: LOT, selection: 0, maxSlotNumber: 0 } } };
const home = homeShard('acme', LOT, BENCH_SHARDS);
const away = partShard('acme', LOT, 1, BENCH_SHARDS);
let bench: ShardBench;

/** A lot of two slots, one in each of its parts. */
beforeEach(async () => {
  bench = await ShardBench.start();
  const numbers = Array.from({ length: 50 }, (_, i) => String(100 + i));
  const slots = [0, 1].map((part) => numbers.find((slot) => partOf(slot, PARTS) === part) ?? '');
  const ranges = slots.map((slot) => ({ first: slot, last: slot }));
  const put = await putLot(bench.store, 'acme', LOT, { ranges, spread: PARTS });
  if (!put.ok) throw new Error(JSON.stringify(put));
  await bench.settings.waitFor(put.revision, 5_000);
  for (const [part, shard] of [home, away].entries()) {
    await bench.own(shard);
    parkOf(
      await bench.send(shard, { $case: 'park', value: parkRequest(`in-${part}`, slotTarget(slots[part] ?? '', LOT)) }),
    );
  }
});
afterEach(() => bench.close());

describe('a call that found every part of its lot full (R7)', () => {
  it('is led to the holding lot by the part it asked last, and its replay goes the same way', async () => {
    const id = requestId();
    const park = { $case: 'park' as const, value: parkRequest('call-1', lot, id) };
    const route = (op: Partial<RouteChoiceOp>) => ({
      $case: 'routeChoice' as const,
      value: { requestId: id, tenantId: 'acme', lotId: LOT, step: 1, holding: false, parkId: '', beyondMax: 0, ...op },
    });
    expect(kindOf(await bench.send(home, park))).toBe('partFull');
    expect((await bench.send(home, route({}))).result).toMatchObject({ value: { to: { $case: 'part', value: 1 } } });
    expect(kindOf(await bench.send(away, park, { part: 1 }))).toBe('partFull');
    expect((await bench.send(home, route({ step: 2 }))).result).toMatchObject({ value: { to: { $case: 'full' } } });

    const held = { $case: 'lotId', value: HOLDING_LOT };
    const asked = await bench.send(away, route({ holding: true }), { part: 1 });
    expect(asked.result).toMatchObject({ $case: 'route', value: { to: held } });
    expect((await bench.send(away, park, { part: 1 })).result).toMatchObject({ $case: 'route', value: { to: held } });
  });
});

describe('a call whose free slots lie beyond the highest number allowed', () => {
  it('asks the other parts, and no overflow lot, before it is told so', async () => {
    const put = await putLot(bench.store, 'acme', LOT, {
      ranges: [{ first: '100', last: '199' }],
      spread: PARTS,
      overflow_lot_id: 'default',
    });
    if (!put.ok) throw new Error(JSON.stringify(put));
    await bench.settings.waitFor(put.revision, 5_000);
    const id = requestId();
    const bounded = { kind: { $case: 'lot' as const, value: { ...lot.kind.value, maxSlotNumber: 100 } } };
    const park = { $case: 'park' as const, value: parkRequest('call-1', bounded, id) };
    const asked = { requestId: id, tenantId: 'acme', lotId: LOT, holding: false, parkId: '' };
    const route = (step: number, beyondMax: number) =>
      bench.send(home, { $case: 'routeChoice', value: { ...asked, step, beyondMax } });
    // Of 100 to 199 only 100 may be chosen, and it is in one part: taken already.
    expect((await bench.send(home, park)).result).toEqual({ $case: 'partFull', value: { beyondMax: 100 } });
    expect((await route(1, 100)).result).toMatchObject({ value: { to: { $case: 'part', value: 1 }, beyondMax: 100 } });
    expect((await bench.send(away, park, { part: 1 })).result).toMatchObject({ $case: 'partFull' });
    expect((await route(2, 0)).result).toMatchObject({ value: { to: { $case: 'full' }, beyondMax: 100 } });
  });
});
