import { HOLDING_LOT, homeShard, partOf, partShard } from '@parkade/ids';
import { OnOccupied, type RouteChoiceOp } from '@parkade/proto';
import { putLot } from '@parkade/settings';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  describe as kindOf,
  parkOf,
  parkRequest,
  requestId,
  retrieveRequest,
  slotTarget,
} from '../testing/owner-client.js';
import { BENCH_SHARDS, ShardBench } from '../testing/shard-bench.js';

const LOT = 'wide';
const PARTS = 2;
const lot = { kind: { $case: 'lot' as const, value: { lotId: LOT, selection: 0, maxSlotNumber: 0 } } };
const home = homeShard('acme', LOT, BENCH_SHARDS);
const away = partShard('acme', LOT, 1, BENCH_SHARDS);
let bench: ShardBench;
let slots: readonly string[];

/** A lot of two slots, one in each of its parts. */
beforeEach(async () => {
  bench = await ShardBench.start();
  const numbers = Array.from({ length: 50 }, (_, i) => String(100 + i));
  slots = [0, 1].map((part) => numbers.find((slot) => partOf(slot, PARTS) === part) ?? '');
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

/** Asks where a call goes on. */
const route = (requestIdOf: string, op: Partial<RouteChoiceOp>) => ({
  $case: 'routeChoice' as const,
  value: {
    requestId: requestIdOf,
    tenantId: 'acme',
    lotId: LOT,
    step: 1,
    holding: false,
    parkId: '',
    beyondMax: 0,
    ...op,
  },
});

const holding = { $case: 'lotId', value: HOLDING_LOT };

describe('a call that found every part of its lot full (R7)', () => {
  it('is led to the holding lot by the home that said so, and so is its replay', async () => {
    const id = requestId();
    const park = { $case: 'park' as const, value: parkRequest('call-1', lot, id) };
    expect(kindOf(await bench.send(home, park))).toBe('partFull');
    expect((await bench.send(home, route(id, {}))).result).toMatchObject({
      value: { to: { $case: 'part', value: 1 } },
    });
    expect(kindOf(await bench.send(away, park, { part: 1 }))).toBe('partFull');
    const last = await bench.send(home, route(id, { step: 2 }));
    expect(last.result).toMatchObject({ value: { to: { $case: 'full' }, step: 2 } });

    const asked = await bench.send(home, route(id, { step: 3, holding: true }));
    expect(asked.result).toMatchObject({ $case: 'route', value: { to: holding } });
    expect((await bench.send(home, park)).result).toEqual(asked.result);
  });
});

describe('a call for a slot that is taken, in a part that is full, where the next free one will do (R5)', () => {
  const named = (id: string) => {
    const request = parkRequest('call-1', slotTarget(slots[1] ?? '', LOT), id);
    return { $case: 'park' as const, value: { ...request, onOccupied: OnOccupied.NEXT_FREE } };
  };
  const leave = async (part: number): Promise<void> => {
    const from = { $case: 'slot' as const, value: { lotId: LOT, slot: slots[part] ?? '' } };
    parkOf(await bench.send(part === 0 ? home : away, { $case: 'retrieve', value: retrieveRequest(from, 'phone') }));
  };

  it('gets a slot of another part, and its replay gets the same, though there is room in its own by then', async () => {
    await leave(0);
    const id = requestId();
    expect(kindOf(await bench.send(away, named(id)))).toBe('partFull');
    const led = await bench.send(away, route(id, { firstPart: 1 }));
    expect(led.result).toMatchObject({ value: { to: { $case: 'part', value: 0 }, step: 1 } });
    const parked = parkOf(await bench.send(home, named(id), { lotId: LOT }));
    expect(parked).toMatchObject({ lotId: LOT, slot: slots[0] });

    await leave(1);
    expect((await bench.send(away, named(id))).result).toEqual(led.result);
    expect(parkOf(await bench.send(home, named(id), { lotId: LOT }))).toEqual(parked);
  });

  it('is not parked in a part that said it is full, when a replay asks it again later', async () => {
    const id = requestId();
    expect(kindOf(await bench.send(away, named(id)))).toBe('partFull');
    await bench.send(away, route(id, { firstPart: 1 }));
    expect(kindOf(await bench.send(home, named(id), { lotId: LOT }))).toBe('partFull');
    const over = await bench.send(away, route(id, { firstPart: 1, step: 2 }));
    expect(over.result).toMatchObject({ value: { to: { $case: 'full' } } });
    await leave(0);
    expect(kindOf(await bench.send(home, named(id), { lotId: LOT }))).toBe('partFull');
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
    const routed = (step: number, beyondMax: number) => bench.send(home, route(id, { step, beyondMax }));
    // Of 100 to 199 only 100 may be chosen, and it is in one part: taken already.
    expect((await bench.send(home, park)).result).toEqual({ $case: 'partFull', value: { beyondMax: 100 } });
    expect((await routed(1, 100)).result).toMatchObject({ value: { to: { $case: 'part', value: 1 }, beyondMax: 100 } });
    expect((await bench.send(away, park, { part: 1 })).result).toMatchObject({ $case: 'partFull' });
    expect((await routed(2, 0)).result).toMatchObject({ value: { to: { $case: 'full' }, beyondMax: 100 } });
  });
});
