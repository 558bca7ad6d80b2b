import { homeShard, keys, slotShard } from '@parkade/ids';
import { type MoveHold, SlotRecord } from '@parkade/proto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  describe as kindOf,
  parkOf,
  parkRequest,
  requestId,
  retrieveRequest,
  slotTarget,
} from '../testing/owner-client.js';
import { BENCH_SHARDS, gate, ShardBench, writesSlot } from '../testing/shard-bench.js';

const home = homeShard('acme', 'default', BENCH_SHARDS);
const away = slotShard('acme', 'vip', '5', 1, BENCH_SHARDS);
const slot = { lotId: 'vip', slot: '5' };
let bench: ShardBench;
beforeEach(async () => (bench = await ShardBench.start()));
afterEach(() => bench.close());

type Move = Awaited<ReturnType<typeof parked>>;

async function parked() {
  const { parkId } = parkOf(await bench.send(home, { $case: 'park', value: parkRequest('call-1', slotTarget('701')) }));
  return { requestId: requestId(), tenantId: 'acme', parkId, slot };
}

async function hold(request: Move): Promise<MoveHold> {
  const answer = await bench.send(away, { $case: 'holdForMove', value: { request } });
  if (answer.result?.$case !== 'hold') throw new Error(kindOf(answer));
  return answer.result.value;
}

const move = (request: Move, held: MoveHold) => bench.send(home, { $case: 'move', value: { request, hold: held } });

const settle = (request: Move, drop: boolean) =>
  bench.send(away, { $case: 'settleMove', value: { tenantId: 'acme', slot, moveId: request.requestId, drop } });

const stored = async () => {
  const kv = await bench.inner.get(keys.slot(away, 'acme', 'vip', '5'));
  return kv === undefined ? undefined : SlotRecord.decode(kv.value);
};

describe('a move whose destination changed hands', () => {
  it('comes about with the hold as it stands, asked for again under the same request id', async () => {
    await bench.own(home);
    await bench.own(away);
    const request = await parked();
    const first = await hold(request);
    await bench.own(away);
    const refused = await move(request, first);
    expect(refused.result).toMatchObject({ $case: 'refusal', value: { metadata: { retry: 'hold' } } });
    const again = await hold(request);
    expect(again.epoch).toBeGreaterThan(first.epoch);
    const moved = parkOf(await move(request, again));
    expect(moved).toMatchObject(slot);
    // A replay after all of that finds the move, not another hold.
    expect(parkOf(await move(request, await hold(request)))).toEqual(moved);
    await settle(request, false);
    expect((await stored())?.parks.map(({ parkId }) => parkId)).toEqual([moved.parkId]);
  });

  it('is dropped when its source refused it, also by an owner that did not make the hold', async () => {
    await bench.own(home);
    await bench.own(away);
    const request = await parked();
    await hold(request);
    await bench.own(away);
    await settle(request, true);
    expect((await stored())?.parks).toEqual([]);
  });

  it('writes a held slot it has loaded only by compare: the move may come', async () => {
    await bench.own(home);
    await bench.own(away);
    const request = await parked();
    await hold(request);
    await bench.own(away);
    const moved = parkOf(await move(request, await hold(request)));
    // Nobody told the destination; it is asked for the slot all the same.
    const park = bench.send(away, { $case: 'park', value: parkRequest('call-2', slotTarget('5', 'vip')) });
    await settle(request, false);
    expect(kindOf(await park)).toBe('SLOT_OCCUPIED');
    expect((await stored())?.parks.map(({ parkId }) => parkId)).toEqual([moved.parkId]);
  });
});

describe('who dials a slot that is held for a move', () => {
  const retrieve = (callId: string) =>
    bench.send(away, { $case: 'retrieve', value: retrieveRequest({ $case: 'slot', value: slot }, callId) });

  it('waits, and takes the call that has come', async () => {
    await bench.own(home);
    await bench.own(away);
    const request = await parked();
    const held = await hold(request);
    const taken = retrieve('phone');
    const moved = parkOf(await move(request, held));
    await settle(request, false);
    expect(parkOf(await taken)).toMatchObject({ parkId: moved.parkId, endReason: 'retrieved' });
  });

  it('waits, and hears that the slot is empty where the move was refused', async () => {
    await bench.own(home);
    await bench.own(away);
    const request = await parked();
    await hold(request);
    const taken = retrieve('phone');
    await settle(request, true);
    expect(kindOf(await taken)).toBe('SLOT_EMPTY');
  });
});

describe('a hold that was committed while its shard was being read again', () => {
  it('is told only after that, so that both changes of the slot are published', async () => {
    await bench.own(home);
    const destination = await bench.own(away);
    const request = await parked();
    const late = gate();
    const raise = gate();
    bench.beforeRaise = () => raise.opened;
    bench.between = async (txn, pass) => {
      const result = await pass();
      if (writesSlot(txn)) await late.opened;
      return result;
    };
    const answer = hold(request);
    let told = false;
    void answer.then(() => (told = true));
    await expect.poll(stored).toBeDefined();
    // Something else of the shard went wrong meanwhile.
    const reload = destination.reload();
    late.open();
    await new Promise((resolve) => setImmediate(resolve));
    expect(told).toBe(false);
    raise.open();
    await reload;
    parkOf(await move(request, await answer));
    await settle(request, false);
    const kinds = bench.told.filter(({ shard }) => shard === away).map(({ record }) => record.last?.kind);
    expect(kinds).toHaveLength(2);
  });
});
