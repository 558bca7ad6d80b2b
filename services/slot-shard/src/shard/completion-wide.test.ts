import { homeShard, partOf, partShard } from '@parkade/ids';
import { type CommandAnswer, ReleaseCause, type RouteChoiceOp } from '@parkade/proto';
import { putLot } from '@parkade/settings';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  call,
  describe as kindOf,
  parkOf,
  parkRequest,
  requestId,
  retrieveRequest,
  slotTarget,
} from '../testing/owner-client.js';
import { BENCH_SHARDS, ShardBench } from '../testing/shard-bench.js';

const LOT = 'wide';
const home = homeShard('acme', LOT, BENCH_SHARDS);
const away = partShard('acme', LOT, 1, BENCH_SHARDS);
let bench: ShardBench;
let slots: readonly string[];
let reservation: string;

/** A lot of two slots, one in each of its parts; the one of part 1 was reserved, and is taken by somebody else by now. */
beforeEach(async () => {
  bench = await ShardBench.start();
  const numbers = Array.from({ length: 50 }, (_, i) => String(100 + i));
  slots = [0, 1].map((part) => numbers.find((slot) => partOf(slot, 2) === part) ?? '');
  const ranges = slots.map((slot) => ({ first: slot, last: slot }));
  const put = await putLot(bench.store, 'acme', LOT, { ranges, spread: 2 });
  if (!put.ok) throw new Error(JSON.stringify(put));
  await bench.settings.waitFor(put.revision, 5_000);
  for (const shard of [home, away]) await bench.own(shard);
  const own = slotTarget(slots[1] ?? '', LOT);
  const { onOccupied, ...asked } = parkRequest('consult', own);
  expect(onOccupied).toBe(0);
  const value = { ...asked, note: 'blue car' };
  reservation = parkOf(await bench.send(away, { $case: 'reserve', value })).parkId;
  const cause = ReleaseCause.ABANDONED;
  const release = { requestId: requestId(), tenantId: 'acme', parkId: reservation, cause, callId: '' };
  parkOf(await bench.send(away, { $case: 'release', value: release }));
  parkOf(await bench.send(away, { $case: 'park', value: parkRequest('other', own) }));
});
afterEach(() => bench.close());

const complete = (id: string) => {
  const value = { requestId: id, tenantId: 'acme', parkId: reservation, call: call('caller') };
  return { $case: 'completeReservation' as const, value };
};

/** Asks where the completion goes on. */
function route(id: string, op: Partial<RouteChoiceOp>): Promise<CommandAnswer> {
  const base = { requestId: id, tenantId: 'acme', lotId: LOT, step: 1, holding: false, beyondMax: 0, firstPart: 1 };
  return bench.send(away, { $case: 'routeChoice', value: { ...base, parkId: reservation, ...op } });
}

const toPart0 = {
  to: { $case: 'part', value: 0 },
  step: 1,
  ofLotId: LOT,
  firstPart: 1,
  reserved: { note: 'blue car' },
};

describe('a completion whose reservation ended, in a part of its lot that is full (R10)', () => {
  it('parks in another part with what was reserved, and its replay finds the same though there is room by then', async () => {
    const id = requestId();
    const full = await bench.send(away, complete(id));
    expect(full.result).toMatchObject({ $case: 'partFull', value: { lotId: LOT, part: 1 } });
    const led = await route(id, {});
    expect(led.result).toMatchObject({ $case: 'route', value: toPart0 });
    if (led.result?.$case !== 'route') throw new Error('not led');
    const { reserved } = led.result.value;
    const there = { lotId: LOT, part: 0, ...(reserved === undefined ? {} : { reserved }) };
    const parked = parkOf(await bench.send(home, complete(id), there));
    expect(parked).toMatchObject({ lotId: LOT, slot: slots[0], note: 'blue car' });

    const from = { $case: 'slot' as const, value: { lotId: LOT, slot: slots[1] ?? '' } };
    parkOf(await bench.send(away, { $case: 'retrieve', value: retrieveRequest(from, 'phone') }));
    expect((await bench.send(away, complete(id))).result).toEqual(led.result);
    expect(parkOf(await bench.send(home, complete(id), there))).toEqual(parked);
  });

  it('is told full once every part is, keeps to it, and is held with what was reserved', async () => {
    const own = slotTarget(slots[0] ?? '', LOT);
    const { parkId } = parkOf(await bench.send(home, { $case: 'park', value: parkRequest('third', own) }));
    const id = requestId();
    expect(kindOf(await bench.send(away, complete(id)))).toBe('partFull');
    await route(id, {});
    const there = { lotId: LOT, part: 0 };
    expect(kindOf(await bench.send(home, complete(id), there))).toBe('partFull');
    expect((await route(id, { step: 2 })).result).toMatchObject({ value: { to: { $case: 'full' }, step: 2 } });
    const cause = ReleaseCause.RELEASED;
    const release = { requestId: requestId(), tenantId: 'acme', parkId, cause, callId: '' };
    parkOf(await bench.send(home, { $case: 'release', value: release }));
    expect(kindOf(await bench.send(home, complete(id), there))).toBe('partFull');
    const held = await route(id, { step: 3, holding: true });
    expect(held.result).toMatchObject({ value: { to: { $case: 'lotId' }, step: 3, reserved: { note: 'blue car' } } });
  });
});
