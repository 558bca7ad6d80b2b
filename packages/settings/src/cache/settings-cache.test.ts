import { describe, expect, it } from 'vitest';
import { ManualClock } from '@parkade/clock';
import { keys } from '@parkade/ids';
import { openEmbeddedStore, type Store, StoreError } from '@parkade/store';
import { deleteLot, deleteTenant, putGroup, putLot, putSystem, putTenant } from '../writes/put-settings.js';
import type { WriteResult } from '../writes/guarded-write.js';
import { SettingsCache } from './settings-cache.js';
import type { InvalidSettings, SettingsChange } from './settings-state.js';

const LOT = { ranges: [{ first: '701', last: '720' }] };

async function setUp(maxKeys?: number) {
  const clock = new ManualClock();
  const store = await openEmbeddedStore({ clock });
  const invalid: InvalidSettings[] = [];
  const changes: string[] = [];
  const cache = new SettingsCache({ maxKeys }, { store, clock, onInvalid: (found) => invalid.push(found) });
  cache.onChange((change) => changes.push(nameOf(change)));
  return { clock, store, cache, invalid, changes };
}

function nameOf(change: SettingsChange): string {
  return change.kind === 'system' ? '(system)' : change.tenantId;
}

function revisionOf(result: WriteResult): number {
  if (!result.ok) throw new Error(JSON.stringify(result));
  return result.revision;
}

async function putRaw(store: Store, key: string, text: string): Promise<number> {
  const value = Buffer.from(text);
  return (await store.txn({ compare: [], success: [{ kind: 'put', key, value }] })).revision;
}

describe('the settings cache', () => {
  it('knows what was stored before it started, and what is written afterwards', async () => {
    const { clock, store, cache, changes } = await setUp();
    await putLot(store, 'acme', 'sales', LOT);
    await putSystem(store, { ringback_timeout_ms: 90_000 });
    await cache.start();
    expect(cache.tenant('acme')?.lot('sales')?.ranges).toEqual(LOT.ranges);
    expect(cache.system.ringback_timeout_ms).toBe(90_000);
    expect(cache.tenant('other')).toBeUndefined();
    changes.length = 0;

    const revision = revisionOf(await putGroup(store, 'acme', 'desk', { members: [{ extension: '101' }] }));
    const waited = cache.waitFor(revision, 1_000);
    await clock.advance(0);
    expect(await waited).toBe(true);
    expect(cache.revision).toBe(revision);
    expect(cache.tenant('acme')?.group('desk')?.members).toEqual([{ extension: '101', enabled: true }]);
    expect(changes).toEqual(['acme']);
    cache.close();
  });

  it('gives every tenant the reserved lots, and an unknown tenant nothing (R23)', async () => {
    const { store, cache } = await setUp();
    await putTenant(store, 'acme', {});
    await cache.start();
    const tenant = cache.tenant('acme');
    expect([tenant?.lot('_extensions')?.any_slot, tenant?.lot('_holding')?.hidden]).toEqual([true, true]);
    expect([tenant?.lot('default'), tenant?.lots()]).toEqual([undefined, []]);
    cache.close();
  });

  it('follows deletions until the tenant is gone (C2)', async () => {
    const { clock, store, cache } = await setUp();
    await putTenant(store, 'acme', { ringback_timeout_ms: 60_000 });
    await putLot(store, 'acme', 'sales', LOT);
    await putLot(store, 'acme', '_extensions', { slot_capacity: 2 });
    await cache.start();
    const tenant = cache.tenant('acme');
    expect(tenant?.lots().map((lot) => lot.lot_id)).toEqual(['_extensions', 'sales']);
    await deleteLot(store, 'acme', 'sales');
    await deleteLot(store, 'acme', '_extensions');
    await clock.advance(0);
    expect([tenant?.lot('sales'), tenant?.lot('_extensions')?.slot_capacity]).toEqual([undefined, 1]);
    await deleteTenant(store, 'acme');
    await clock.advance(0);
    expect(cache.tenant('acme')).toBeUndefined();
    cache.close();
  });

  it('keeps the last good value where what is stored cannot be read, and reports it once (C1)', async () => {
    const { clock, store, cache, invalid } = await setUp();
    await putLot(store, 'acme', 'sales', LOT);
    await cache.start();
    const revision = await putRaw(store, keys.lot('acme', 'sales'), '{"ranges": [{"first": "1", "last": "20"}]}');
    await putRaw(store, keys.lot('acme', 'new'), 'not JSON');
    await clock.advance(0);
    expect(cache.tenant('acme')?.lot('sales')?.ranges).toEqual(LOT.ranges);
    expect(cache.tenant('acme')?.lot('new')).toBeUndefined();
    expect(invalid).toHaveLength(2);
    expect(invalid[0]).toMatchObject({ key: keys.lot('acme', 'sales'), revision, issues: [{ path: 'ranges[0]' }] });
    cache.close();
  });

  it('ignores keys that are none of the settings', async () => {
    const { store, cache, invalid } = await setUp();
    for (const key of ['acme/colours/red', 'acme/settings/more', 'a.b/settings', '/settings', 'acme/lots/a/b']) {
      await putRaw(store, keys.tenants + key, '{}');
    }
    await cache.start();
    expect([...cache.tenants()]).toEqual([]);
    expect(invalid).toEqual([]);
    cache.close();
  });

  it('keeps at most its bound of keys and reports the others (C3)', async () => {
    const { store, cache, invalid } = await setUp(2);
    for (const tenantId of ['a', 'b', 'c']) await putTenant(store, tenantId, {});
    await cache.start();
    expect([...cache.tenants()].map(({ tenantId }) => tenantId)).toEqual(['a', 'b']);
    expect(invalid.map(({ key }) => key)).toEqual([keys.tenantSettings('c')]);
    cache.close();
  });

  it('lists again when its place in the history is gone, and announces only what differs (C6)', async () => {
    const { clock, store, cache, changes } = await setUp();
    await putTenant(store, 'same', {});
    await putTenant(store, 'gone', {});
    const broken = breakWatches(store);
    const following = new SettingsCache({}, { store: broken.store, clock });
    following.onChange((change) => changes.push(nameOf(change)));
    await following.start();
    changes.length = 0;

    await deleteTenant(store, 'gone');
    const revision = revisionOf(await putTenant(store, 'fresh', {}));
    broken.compactAll();
    await clock.advance(0);
    expect(changes).toEqual(['gone', 'fresh']);
    expect([following.tenant('gone'), following.revision]).toEqual([undefined, revision]);
    following.close();
    cache.close();
  });

  it('has seen a change that came between two listings, by the revision of the store (C4)', async () => {
    const { store, cache } = await setUp();
    await putTenant(store, 'acme', {});
    const deleted = revisionOf(await deleteTenant(store, 'acme'));
    await cache.start();
    expect(cache.revision).toBeLessThan(deleted);
    expect([cache.hasSeen(deleted), await cache.waitFor(deleted, 10)]).toEqual([true, true]);
    cache.close();
  });

  it('stops waiting after the time allowed, and when it is closed', async () => {
    const { clock, cache } = await setUp();
    await cache.start();
    const late = cache.waitFor(1_000, 50);
    await clock.advance(50);
    expect(await late).toBe(false);
    const ended = cache.waitFor(1_000, 50);
    cache.close();
    expect(await ended).toBe(false);
    expect(await cache.waitFor(1_000, 50)).toBe(false);
    expect(clock.pendingTimers).toBe(0);
  });

  it('starts as soon as the store answers', async () => {
    const { clock, store } = await setUp();
    await putTenant(store, 'acme', {});
    const failing = failFirst(store, 3);
    let failures = 0;
    const cache = new SettingsCache({}, { store: failing, clock, onUnavailable: () => failures++ });
    const started = cache.start();
    await clock.advance(1_000);
    await started;
    expect([failures, cache.tenant('acme')?.settings.enabled]).toEqual([3, true]);
    cache.close();
  });
});

/** The store, with watches that hear nothing until all of them are told that their place is compacted. */
function breakWatches(store: Store): { store: Store; compactAll: () => void } {
  const compacted: (() => void)[] = [];
  const broken: Store = Object.assign(Object.create(store) as Store, {
    range: store.range.bind(store),
    watch: (...[, from, handlers]: Parameters<Store['watch']>) => {
      compacted.push(() => handlers.compacted(from));
      return { close: () => undefined };
    },
  });
  return { store: broken, compactAll: () => compacted.splice(0).forEach((tell) => tell()) };
}

function failFirst(store: Store, times: number): Store {
  let left = times;
  return Object.assign(Object.create(store) as Store, {
    watch: store.watch.bind(store),
    range: (...args: Parameters<Store['range']>) =>
      left-- > 0 ? Promise.reject(new StoreError('unavailable', 'away')) : store.range(...args),
  });
}
