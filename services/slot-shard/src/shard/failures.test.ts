import { EXTENSION_LOT, homeShard } from '@parkade/ids';
import { type ParkRequest, type RouteChoiceOp, Selection } from '@parkade/proto';
import { putGroup, putLot, putQuotas, type WriteResult } from '@parkade/settings';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { describe as kindOf, parkRequest, requestId } from '../testing/owner-client.js';
import { BENCH_SHARDS, ShardBench } from '../testing/shard-bench.js';

let bench: ShardBench;
beforeEach(async () => {
  bench = await ShardBench.start();
});
afterEach(() => bench.close());

async function inForce(write: Promise<WriteResult>): Promise<void> {
  const result = await write;
  if (!result.ok) throw new Error(JSON.stringify(result));
  await bench.settings.waitFor(result.revision, 5_000);
}

/** A lot of one slot, whose home is served here; its shard. */
async function oneSlot(lotId: string, more = {}): Promise<number> {
  await inForce(putLot(bench.store, 'acme', lotId, { ranges: [{ first: '1', last: '1' }], ...more }));
  const shard = homeShard('acme', lotId, BENCH_SHARDS);
  if (!bench.shards.has(shard)) await bench.own(shard);
  return shard;
}

function anywhere(lotId: string, call: string): ParkRequest {
  return parkRequest(call, {
    kind: { $case: 'lot', value: { lotId, selection: Selection.UNSPECIFIED, maxSlotNumber: 0 } },
  });
}

it('a call for which a lot is full is told of (R7), and a replay of it is not', async () => {
  const shard = await oneSlot('tiny', { presence_prefix: 'tiny*' });
  const park = (call: string) => bench.send(shard, { $case: 'park', value: anywhere('tiny', call) });
  expect(kindOf(await park('first'))).toBe('park');
  expect(bench.failures).toEqual([]);
  expect(kindOf(await park('second'))).toBe('partFull');
  expect(bench.failures).toEqual(['acme lot-full tiny']);
});

it('a lot with an overflow lot is full once that is said of all of it', async () => {
  const shard = await oneSlot('first', { presence_prefix: 'first*', overflow_lot_id: 'default' });
  const park = (value: ParkRequest) => bench.send(shard, { $case: 'park', value });
  await park(anywhere('first', 'call-1'));
  const late = anywhere('first', 'call-2');
  expect(kindOf(await park(late))).toBe('partFull');
  expect(bench.failures).toEqual([]);
  const asked: RouteChoiceOp = {
    ...{ requestId: late.requestId, tenantId: 'acme', lotId: 'first', step: 1 },
    ...{ holding: false, parkId: '', beyondMax: 0 },
  };
  await bench.send(shard, { $case: 'routeChoice', value: asked });
  expect(bench.failures).toEqual([]);
  for (let again = 0; again < 2; again++)
    await bench.send(shard, { $case: 'routeChoice', value: { ...asked, step: 2 } });
  expect(bench.failures).toEqual(['acme lot-full first']);
});

it('a group without a free member and a quota that is used up are told of, a taken slot is not', async () => {
  const shard = homeShard('acme', EXTENSION_LOT, BENCH_SHARDS);
  await bench.own(shard);
  await inForce(putGroup(bench.store, 'acme', 'sales', { members: [{ extension: '201' }] }));
  await inForce(putQuotas(bench.store, 'acme', { parked_calls: 1 }));
  const group = { kind: { $case: 'group' as const, value: { groupId: 'sales' } } };
  const extension = (name: string) => ({ kind: { $case: 'extension' as const, value: { extension: name } } });
  const targets = [group, group, extension('201'), extension('202')];
  for (const [i, target] of targets.entries()) {
    await bench.send(shard, { $case: 'park', value: parkRequest(`call-${i}`, target, requestId()) });
  }
  expect(bench.failures).toEqual(['acme group-full ', 'acme quota-exceeded ']);
});
