import { homeShard, keys, slotShard } from '@parkade/ids';
import { ShardMark } from '@parkade/proto';
import type { TxnResult } from '@parkade/store';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { describe as kindOf, parkOf, parkRequest, requestId, slotTarget } from '../testing/owner-client.js';
import { BENCH_SHARDS, gate, ShardBench, writesSlot } from '../testing/shard-bench.js';

const home = homeShard('acme', 'default', BENCH_SHARDS);
const away = slotShard('acme', 'vip', '5', 1, BENCH_SHARDS);
let bench: ShardBench;
beforeEach(async () => (bench = await ShardBench.start({ markMs: 0 })));
afterEach(() => bench.close());

const park = (callId: string, slot: string) =>
  bench.send(home, { $case: 'park', value: parkRequest(callId, slotTarget(slot)) });

describe('what a shard claims to know', () => {
  it('ends before a commit that is not answered, also when a later one is', async () => {
    const shard = await bench.own(home);
    const late = gate();
    bench.between = async (txn, pass) => {
      const result = await pass();
      if (writesSlot(txn)) {
        bench.between = (_, next) => next();
        await late.opened;
      }
      return result;
    };
    const first = park('call-1', '701');
    await expect.poll(() => bench.inner.get(keys.slot(home, 'acme', 'default', '701'))).toBeDefined();
    const [stored] = [await bench.inner.get(keys.slot(home, 'acme', 'default', '701'))];
    // Enough of them that a second transaction leaves beside the first.
    const others = await Promise.all(Array.from({ length: 60 }, (_, i) => park(`other-${i}`, `x${i}`)));
    const second = Math.max(...others.map(({ revision }) => revision));
    expect(second).toBeGreaterThan(stored?.modRevision ?? 0);
    expect(shard.knownRevision).toBeLessThan(stored?.modRevision ?? 0);
    late.open();
    await first;
    expect(shard.knownRevision).toBeGreaterThanOrEqual(second);
  });

  it('ends before a move that another shard may have written into a slot held for it', async () => {
    const [source, destination] = [await bench.own(home), await bench.own(away)];
    expect(source).not.toBe(destination);
    const { parkId } = parkOf(await park('call-1', '701'));
    const request = { requestId: requestId(), tenantId: 'acme', parkId, slot: { lotId: 'vip', slot: '5' } };
    const held = await bench.send(away, { $case: 'holdForMove', value: { request } });
    if (held.result?.$case !== 'hold') throw new Error(kindOf(held));
    const moved = await bench.send(home, { $case: 'move', value: { request, hold: held.result.value } });
    expect(kindOf(moved)).toBe('park');
    // The destination has not heard of it: its mark must not claim that the event of the move was published.
    await bench.upkeep().round(destination, true);
    const mark = await bench.inner.get(keys.mark(away));
    expect(ShardMark.decode(mark?.value ?? new Uint8Array()).publishedRevision).toBeLessThan(moved.revision);
    const settle = { tenantId: 'acme', slot: request.slot, moveId: request.requestId, drop: false };
    await bench.send(away, { $case: 'settleMove', value: settle });
    expect(bench.told.at(-1)).toMatchObject({ shard: away, revision: moved.revision });
    expect(destination.knownRevision).toBeGreaterThanOrEqual(moved.revision);
  });

  it('stays where it was while a write with an unknown outcome is looked into', async () => {
    const shard = await bench.own(home);
    const raise = gate();
    bench.beforeRaise = () => raise.opened;
    bench.between = async (txn, pass): Promise<TxnResult> => {
      const result = await pass();
      if (writesSlot(txn)) throw new Error('the answer was lost');
      return result;
    };
    const answer = park('call-1', '701');
    await expect.poll(() => shard.serving).toBe(false);
    const stored = await bench.inner.get(keys.slot(home, 'acme', 'default', '701'));
    bench.floor.see((stored?.modRevision ?? 0) + 10);
    expect(shard.knownRevision).toBeLessThan(stored?.modRevision ?? 0);
    bench.between = (_, pass) => pass();
    raise.open();
    expect(parkOf(await answer).revision).toBe(stored?.modRevision);
    expect(bench.told.map(({ revision }) => revision)).toEqual([stored?.modRevision]);
  });
});
