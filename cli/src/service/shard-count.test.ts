import { ManualClock, SeededRandom } from '@parkade/clock';
import { silentLog } from '@parkade/rpc';
import { ensureMeta } from '@parkade/settings';
import { openEmbeddedStore, type Store, StoreError } from '@parkade/store';
import { expect, it } from 'vitest';
import { settledShardCount } from './shard-count.js';

const clock = new ManualClock();
const deps = (store: Store) => ({ store, clock, log: silentLog });
const never = new AbortController().signal;

it('is what the cluster was made with, else what is wanted, else the default', async () => {
  const store = await openEmbeddedStore({ clock });
  expect(await settledShardCount(undefined, deps(store), never)).toBe(256);
  expect(await settledShardCount(8, deps(store), never)).toBe(8);
  await ensureMeta(store, { shardCount: 4, random: new SeededRandom(1) });
  expect(await settledShardCount(8, deps(store), never)).toBe(4);
  await store.close();
});

it('waits for a store that is away, and gives up when it is told to stop', async () => {
  const store = await openEmbeddedStore({ clock });
  const stop = new AbortController();
  let reads = 0;
  const away: Store = Object.create(store, {
    get: {
      value: () => {
        if (++reads === 2) stop.abort();
        return Promise.reject(new StoreError('unavailable', 'away'));
      },
    },
  }) as Store;
  const waiting = settledShardCount(8, deps(away), stop.signal);
  while (reads < 2) {
    await clock.advance(500);
  }
  expect(await waiting).toBeUndefined();
  await store.close();
});
