import { SeededRandom } from '@parkade/clock';
import { homeShard, keys } from '@parkade/ids';
import { ShardMark } from '@parkade/proto';
import { prefixRange, StoreError } from '@parkade/store';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Shard } from '../shard/shard.js';
import { SlotTable } from '../shard/slot-table.js';
import { describe as kindOf, parkRequest, retrieveRequest, slotTarget } from '../testing/owner-client.js';
import { BENCH_SHARDS, ShardBench } from '../testing/shard-bench.js';

const home = homeShard('acme', 'default', BENCH_SHARDS);
/** So that everything is beyond it at once, also a slot that changed twice in a second, whose lamp's version is ahead of the clock. */
const NO_HORIZON = { horizonMs: -10_000 };
let bench: ShardBench;
let shard: Shard;
beforeEach(async () => {
  bench = await ShardBench.start();
  shard = await bench.own(home);
});
afterEach(() => bench.close());

const park = (slot: string) => bench.send(home, { $case: 'park', value: parkRequest(slot, slotTarget(slot)) });

async function parkAndRetrieve(slot: string): Promise<void> {
  await park(slot);
  const from = { $case: 'slot' as const, value: { lotId: '', slot } };
  await bench.send(home, { $case: 'retrieve', value: retrieveRequest(from, 'phone') });
}

const slotsStored = async () => (await bench.inner.range(prefixRange(keys.slots(home)))).kvs.length;

describe('upkeep', () => {
  it('keeps up with a flood of freed slots: one round takes all that are beyond the horizon', async () => {
    await Promise.all(Array.from({ length: 350 }, (_, i) => parkAndRetrieve(`x${i}`)));
    expect(await slotsStored()).toBe(350);
    await bench.upkeep(NO_HORIZON).round(shard);
    expect(await slotsStored()).toBe(0);
  });

  it('leaves the slots usable when the store refuses it', async () => {
    await parkAndRetrieve('701');
    const { epoch } = shard;
    bench.between = () => Promise.reject(new StoreError('no-space', 'the quota is used up', false));
    await bench.upkeep(NO_HORIZON).round(shard);
    bench.between = (_, pass) => pass();
    expect(shard.epoch).toBe(epoch);
    expect(kindOf(await park('701'))).toBe('park');
    await bench.upkeep(NO_HORIZON).round(shard);
    expect(await slotsStored()).toBe(1);
  });

  it('claims no more than is published, and deletes no tombstone whose event is not', async () => {
    await parkAndRetrieve('701');
    await bench.upkeep(NO_HORIZON, () => 1).round(shard, true);
    expect(await slotsStored()).toBe(1);
    const mark = await bench.inner.get(keys.mark(home));
    expect(ShardMark.decode(mark?.value ?? new Uint8Array()).publishedRevision).toBe(1);
  });

  it('writes a mark also for a shard with more lots than one transaction holds', () => {
    const table = new SlotTable(home, new SeededRandom(1));
    for (let i = 0; i < 40_000; i++) table.restoreCursor(`tenant-with-a-long-name-${i}/default`, `${i}:701`);
    const mark = ShardMark.encode({ ...ShardMark.create(), cursors: table.cursors() }).finish();
    expect(mark.length).toBeLessThan(300_000);
    expect(table.cursors()).toHaveProperty(['tenant-with-a-long-name-39999/default'], '39999:701');
  });

  it('takes slots that were freed before the clock was set back when it has passed the versions of their lamps (R19)', async () => {
    await parkAndRetrieve('701');
    const claim = (nowMs: number) => shard.live.claimTombstones(nowMs, 1_000, Infinity, 10);
    const freedMs = bench.clock.nowMs();
    expect(claim(freedMs - 3_600_000)).toEqual([]);
    expect(claim(freedMs - 3_600_000 + 2_000)).toEqual([]);
    expect(claim(freedMs + 5_000)).toHaveLength(1);
  });
});
