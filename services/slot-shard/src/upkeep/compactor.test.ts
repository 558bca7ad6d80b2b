import { ManualClock } from '@parkade/clock';
import { keys } from '@parkade/ids';
import { ShardMark } from '@parkade/proto';
import { silentLog } from '@parkade/rpc';
import { openEmbeddedStore, type Store } from '@parkade/store';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Compactor } from './compactor.js';

/** More than one transaction reads at a time. */
const SHARDS = 130;

let clock: ManualClock;
let store: Store;
beforeEach(async () => {
  clock = new ManualClock();
  store = await openEmbeddedStore({ clock });
});
afterEach(() => store.close());

async function put(key: string, value: Uint8Array = Buffer.from('x')): Promise<number> {
  return (await store.txn({ compare: [], success: [{ kind: 'put', key, value }] })).revision;
}

async function mark(shard: number, publishedRevision: number): Promise<void> {
  await put(keys.mark(shard), ShardMark.encode({ ...ShardMark.create(), publishedRevision }).finish());
}

function compactor(): Compactor {
  return new Compactor({ shardCount: SHARDS, keepMs: 60_000, maxMs: 1_800_000 }, store, clock, silentLog);
}

describe('Compactor', () => {
  it('goes up to the lowest mark of all shards, and no further than what is old enough (P1)', async () => {
    for (let shard = 0; shard < SHARDS; shard++) await put(keys.owner('slot-shard', shard));
    for (let shard = 0; shard < SHARDS; shard++) await mark(shard, 200);
    await mark(129, 150);
    const compactors = compactor();
    expect(await compactors.round()).toBeUndefined();
    await clock.advance(60_000);
    expect(await compactors.round()).toBe(150);
    await mark(129, 1_000_000);
    expect(await compactors.round()).toBe(200);
    // Nothing more is published: there is nothing to be done.
    await clock.advance(60_000);
    expect(await compactors.round()).toBeUndefined();
  });

  it('waits for a shard without a mark, but not for ever (P2)', async () => {
    for (let shard = 0; shard < SHARDS; shard++) await put(keys.owner('slot-shard', shard));
    for (let shard = 1; shard < SHARDS; shard++) await mark(shard, 200);
    const compactors = compactor();
    const revision = await put('/x');
    await compactors.round();
    await clock.advance(120_000);
    expect(await compactors.round()).toBeUndefined();
    await clock.advance(1_800_000 - 120_000);
    expect(await compactors.round()).toBe(revision);
  });
});
