import { SystemRandom } from '@parkade/clock';
import { homeShard, newRequestId } from '@parkade/ids';
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

const home = homeShard('acme', 'default', BENCH_SHARDS);
/** The clock of one client. */
const AHEAD_MS = 50_000;
let bench: ShardBench;
beforeEach(async () => {
  bench = await ShardBench.start();
  await bench.own(home);
});
afterEach(() => bench.close());

async function comeAndGo(id = requestId()): Promise<void> {
  const park = parkRequest('call-1', slotTarget('701'), id);
  const { parkId } = parkOf(await bench.send(home, { $case: 'park', value: park }));
  const by = retrieveRequest({ $case: 'parkId', value: parkId }, 'phone');
  parkOf(await bench.send(home, { $case: 'retrieve', value: by }));
}

describe('a journal that has more answers than room', () => {
  it('has nobody refused whose clock is right because that of somebody else is ahead (J3)', async () => {
    const ahead = newRequestId(Date.now() + AHEAD_MS, new SystemRandom());
    await comeAndGo(ahead);
    // More than are kept in any case.
    for (let i = 0; i < 100; i++) await comeAndGo();
    for (const shard of bench.shards.values()) await bench.upkeep({ maxJournalBytes: 32 * 1024 }).round(shard);
    const park = { $case: 'park' as const, value: parkRequest('call-1', slotTarget('701')) };
    expect(kindOf(await bench.send(home, park))).toBe('park');
    // Nor is his own request done a second time.
    const again = { $case: 'park' as const, value: parkRequest('call-1', slotTarget('701'), ahead) };
    expect(kindOf(await bench.send(home, again))).toBe('park');
    expect(bench.shards.get(home)?.live.table.parkCount).toBe(1);
  });

  it('goes on without them where there is no room at all', async () => {
    await comeAndGo(newRequestId(Date.now() + AHEAD_MS, new SystemRandom()));
    for (let i = 0; i < 100; i++) await comeAndGo();
    const before = bench.shards.get(home)?.requests.journal.size ?? 0;
    for (const shard of bench.shards.values()) await bench.upkeep({ maxJournalBytes: 1_024 }).round(shard);
    expect(bench.shards.get(home)?.requests.journal.size).toBeLessThan(before);
  });
});
