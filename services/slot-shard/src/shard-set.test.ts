import { SystemRandom } from '@parkade/clock';
import { homeShard, keys } from '@parkade/ids';
import { Command, type CommandAnswer, SlotRecord } from '@parkade/proto';
import { silentLog } from '@parkade/rpc';
import { type Store, StoreError } from '@parkade/store';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Followers } from './rpc/follow.js';
import { ShardSet } from './shard-set.js';
import { describe as kindOf, parkOf, parkRequest, slotTarget } from './testing/owner-client.js';
import { BENCH_SHARDS, gate, ShardBench } from './testing/shard-bench.js';

const home = homeShard('acme', 'default', BENCH_SHARDS);
let bench: ShardBench;
let begun: number[];
beforeEach(async () => {
  bench = await ShardBench.start();
  begun = [];
});
afterEach(() => bench.close());

/** A set of shards whose reads of whole shards go through `range`. */
function newSet(range: Store['range']): ShardSet {
  const { clock, limits } = bench;
  return new ShardSet({ memberId: 'm', host: '', port: 0, version: '', leaseTtlMs: 1, limits }, BENCH_SHARDS, {
    store: { ...bench.store, range },
    clock,
    random: new SystemRandom(),
    log: silentLog,
    publisher: { flush: () => Promise.resolve(true) },
    publishing: { begin: (shard) => void begun.push(shard), lost: () => undefined },
    followers: new Followers(clock),
    upkeep: bench.upkeep(),
    metrics: { shardChanged: () => undefined },
    shardDeps: () => bench.deps(),
  });
}

function send(set: ShardSet, slot: string): Promise<CommandAnswer> {
  const op = { $case: 'park' as const, value: parkRequest(`call-${slot}`, slotTarget(slot)) };
  const command = { ...Command.create(), shard: home, fingerprint: 1, op };
  return new Promise((reply) => {
    set.get(home)?.submit({ command, deadlineMs: bench.clock.monotonicMs() + 5_000, reply });
  });
}

describe('a shard that cannot be read', () => {
  it('sends those who wait for it to its next owner', async () => {
    const reading = gate<never>();
    const set = newSet(() => reading.opened);
    const acquired = set.acquire(home, 1, 'claimed');
    const answer = send(set, '701');
    reading.open(Promise.reject(new StoreError('unavailable', 'no store')) as never);
    await expect(acquired).rejects.toThrow('no store');
    expect(kindOf(await answer)).toBe('notOwner');
    expect(set.get(home)).toBeUndefined();
  });
});

describe('a preload that ends after it was cancelled', () => {
  it('leaves no watch and no shard behind', async () => {
    const reading = gate();
    let watches = 0;
    const set = newSet(async (...args) => {
      await reading.opened;
      return bench.inner.range(...args);
    });
    const watch: Store['watch'] = (range, from, handlers) => bench.inner.watch(range, from, handlers);
    Object.assign(bench.store, { watch: (...args: Parameters<Store['watch']>) => (watches++, watch(...args)) });
    const preload = set.preload(home);
    set.cancelPreload(home);
    reading.open();
    await preload;
    expect(set.get(home)).toBeUndefined();
    expect(watches).toBe(0);
  });
});

describe('an epoch of ours that nobody waited for', () => {
  it('reads the shard again after what is under way, and forgets nothing that was committed meanwhile', async () => {
    const set = newSet((...args) => bench.inner.range(...args));
    const epoch = await bench.claim(home);
    await set.acquire(home, epoch, 'claimed');
    const late = gate();
    bench.between = async (_, pass) => {
      const result = await pass();
      await late.opened;
      return result;
    };
    const answer = send(set, '701');
    await expect.poll(() => bench.inner.get(keys.slot(home, 'acme', 'default', '701'))).toBeDefined();
    const raised = set.acquire(home, await bench.claim(home), 'raised');
    late.open();
    await raised;
    expect(kindOf(await answer)).toBe('park');
    expect(kindOf(await send(set, '701'))).toBe('CALL_ALREADY_PARKED');
    const stored = await bench.inner.get(keys.slot(home, 'acme', 'default', '701'));
    expect(SlotRecord.decode(stored?.value ?? new Uint8Array()).parks[0]?.parkId).toBe(parkOf(await answer).parkId);
  });

  it('never puts an older copy of the shard over a newer one', async () => {
    const slow = gate();
    let reads = 0;
    const set = newSet(async (...args) => {
      const result = await bench.inner.range(...args);
      if (++reads === 1) await slow.opened;
      return result;
    });
    const first = set.acquire(home, await bench.claim(home), 'claimed');
    const epoch = await bench.claim(home);
    await set.acquire(home, epoch, 'raised');
    expect(begun).toEqual([home]);
    expect(kindOf(await send(set, '701'))).toBe('park');
    slow.open();
    await first;
    expect(set.get(home)?.epoch).toBe(epoch);
    expect(kindOf(await send(set, '701'))).toBe('CALL_ALREADY_PARKED');
  });
});
