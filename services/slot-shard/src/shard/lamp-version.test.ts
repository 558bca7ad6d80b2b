import { homeShard } from '@parkade/ids';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parkOf, parkRequest, retrieveRequest, slotTarget } from '../testing/owner-client.js';
import { BENCH_SHARDS, ShardBench } from '../testing/shard-bench.js';

const home = homeShard('acme', 'default', BENCH_SHARDS);
let bench: ShardBench;
beforeEach(async () => {
  bench = await ShardBench.start();
  await bench.own(home);
});
afterEach(() => bench.close());

const version = (): number => bench.told.at(-1)?.record.documentVersion ?? 0;

/** Somebody comes and is fetched. */
async function comeAndGo(): Promise<void> {
  const { parkId } = parkOf(await bench.send(home, { $case: 'park', value: parkRequest('call-1', slotTarget('701')) }));
  const by = retrieveRequest({ $case: 'parkId', value: parkId }, 'phone');
  parkOf(await bench.send(home, { $case: 'retrieve', value: by }));
}

describe('a slot’s lamp', () => {
  it('has a higher version than ever before also when the tombstone of a busy slot is gone (R19)', async () => {
    // More changes than seconds: its version is ahead of the clock.
    for (let i = 0; i < 20; i++) await comeAndGo();
    const before = version();
    expect(before).toBeGreaterThan(Date.now() / 1_000 + 5);
    for (const shard of bench.shards.values()) await bench.upkeep({ horizonMs: 0 }).round(shard);
    await comeAndGo();
    expect(version()).toBeGreaterThan(before);
  });
});
