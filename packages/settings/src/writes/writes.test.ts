import { describe, expect, it } from 'vitest';
import { ManualClock, SeededRandom } from '@parkade/clock';
import { keys } from '@parkade/ids';
import { openEmbeddedStore, prefixRange, type Store } from '@parkade/store';
import { ensureMeta, loadMeta, renewIncarnation } from '../cluster-meta.js';
import { applySettings } from './apply-settings.js';
import { ensureTenantLot } from './ensure-tenant-lot.js';
import { readTenantDocument } from './tenant-document.js';
import { deleteGroup, deleteLot, deleteTenant, putGroup, putLot, putSystem, putTenant } from './put-settings.js';

const LOT = { ranges: [{ first: '701', last: '720' }] };
const lot = (i: number) => ({ ...LOT, presence_prefix: `lot${i}*` });
const open = (): Promise<Store> => openEmbeddedStore({ clock: new ManualClock() });

async function read(store: Store, key: string): Promise<unknown> {
  const kv = await store.get(key);
  return kv === undefined ? undefined : (JSON.parse(Buffer.from(kv.value).toString()) as unknown);
}

async function countKeys(store: Store): Promise<number> {
  const { kvs } = await store.range(prefixRange('/parkade/'));
  return kvs.filter(({ key }) => !key.endsWith('/guard')).length;
}

describe('writing settings', () => {
  it('stores what was written, so that values left out keep following the defaults', async () => {
    const store = await open();
    expect(await putLot(store, 'acme', 'sales', LOT)).toMatchObject({ ok: true });
    expect(await read(store, keys.lot('acme', 'sales'))).toEqual({ lot_id: 'sales', ...LOT });
  });

  it('refuses what is wrong and writes nothing', async () => {
    const store = await open();
    const bad = [
      await putLot(store, 'a b', 'sales', {}),
      await putTenant(store, 'acme', { ringback_timeout_ms: 12 }),
      await putGroup(store, 'acme', '', {}),
      await putSystem(store, { callback_timeout_ms: 0 }),
    ];
    expect(
      bad.map((result) => (result.ok || result.reason !== 'invalid' ? [] : result.issues.map((i) => i.path))),
    ).toEqual([['tenant_id', 'ranges'], ['ringback_timeout_ms'], ['group_id', 'group_id'], ['callback_timeout_ms']]);
    expect(await countKeys(store)).toBe(0);
  });

  it('is guarded by the revision it expects', async () => {
    const store = await open();
    const first = await putTenant(store, 'acme', {}, { expectedRevision: 0 });
    if (!first.ok) throw new Error('refused');
    expect(await putTenant(store, 'acme', {}, { expectedRevision: 0 })).toEqual({
      ok: false,
      reason: 'conflict',
      revision: first.revision,
    });
    expect((await putTenant(store, 'acme', {}, { expectedRevision: first.revision })).ok).toBe(true);
    expect(await deleteLot(store, 'acme', 'none', { expectedRevision: 3 })).toMatchObject({ revision: 0 });
    expect((await deleteGroup(store, 'acme', 'none')).ok).toBe(true);
  });

  it('deletes a tenant with all it has, and no other whose name begins alike (R23)', async () => {
    const store = await open();
    await putTenant(store, 'acme', {});
    await putLot(store, 'acme', 'sales', LOT);
    await putTenant(store, 'acme2', {});
    await deleteTenant(store, 'acme');
    expect(await countKeys(store)).toBe(1);
  });
});

describe('applying a document', () => {
  it('writes all of it, also more than one transaction holds', async () => {
    const store = await open();
    const lots = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`lot-${i}`, lot(i)]));
    const document = {
      system: { ringback_timeout_ms: 60_000 },
      tenants: { acme: { settings: {}, lots, groups: { desk: { members: [{ extension: '101' }] } } }, empty: {} },
    };
    const result = await applySettings(store, document);
    expect(result).toMatchObject({ ok: true, written: 304, revision: 4 });
    expect(await countKeys(store)).toBe(304);
    expect(await read(store, keys.lot('acme', 'lot-299'))).toEqual(lot(299));
    expect(await applySettings(store, {})).toEqual({ ok: true, revision: 0, written: 0 });
  });

  it('writes nothing when anything is wrong, and names every fault by its path', async () => {
    const store = await open();
    const result = await applySettings(store, {
      colour: 'red',
      system: { ringback_timeout_ms: 120 },
      tenants: {
        acme: {
          settings: { enabled: 'yes' },
          lots: { good: LOT, sales: { ranges: [{ first: '1', last: '20' }] }, 'a b': LOT },
          groups: { desk: { members: [{}] } },
          lost: {},
        },
        other: [],
      },
    });
    expect(result.ok ? [] : result.issues.map(({ path }) => path)).toEqual([
      'colour',
      'system.ringback_timeout_ms',
      'tenants.acme.lost',
      'tenants.acme.settings.enabled',
      'tenants.acme.lots["a b"]',
      'tenants.acme.lots.sales.ranges[0]',
      'tenants.acme.groups.desk.members[0].extension',
      'tenants.other',
    ]);
    expect(await countKeys(store)).toBe(0);
    expect(await applySettings(store, 7)).toMatchObject({
      ok: false,
      issues: [{ path: '', message: 'must be an object' }],
    });
  });

  it('takes overflow lots that exist in it or in the store, and no circle of them', async () => {
    const store = await open();
    const withLots = (lots: unknown) => applySettings(store, { tenants: { acme: { lots } } });
    expect(await withLots({ a: { ...LOT, overflow_lot_id: 'b' } })).toMatchObject({
      ok: false,
      issues: [{ path: 'tenants.acme.lots.a.overflow_lot_id', message: 'the tenant has no lot b' }],
    });
    expect((await withLots({ b: LOT })).ok).toBe(true);
    expect((await withLots({ a: { ...lot(1), overflow_lot_id: 'b' } })).ok).toBe(true);
    const circle = await withLots({ c: { ...LOT, overflow_lot_id: 'd' }, d: { ...LOT, overflow_lot_id: 'c' } });
    expect(circle.ok ? [] : circle.issues.map(({ message }) => message)).toEqual([
      'overflows in a circle, back into c',
      'overflows in a circle, back into d',
    ]);
  });

  it('refuses to lay a lot that is there over another number of shards: calls in it would be looked for elsewhere', async () => {
    const store = await open();
    const withSpread = (spread: number | undefined) =>
      applySettings(store, {
        tenants: { acme: { lots: { wide: { ...LOT, ...(spread === undefined ? {} : { spread }) } } } },
      });
    expect(await withSpread(4)).toMatchObject({ ok: true });
    for (const other of [2, undefined]) {
      expect(await withSpread(other)).toMatchObject({
        ok: false,
        issues: [{ path: 'tenants.acme.lots.wide.spread', message: 'is 4 and cannot be changed: make another lot' }],
      });
    }
    expect(await withSpread(4)).toMatchObject({ ok: true });
  });

  it('refuses lots with a lamp in common, in it or in the store, and says what to do', async () => {
    const store = await open();
    const withLots = (lots: unknown) => applySettings(store, { tenants: { acme: { lots } } });
    const at = (lotId: string) => `tenants.acme.lots.${lotId}.presence_prefix`;
    const both = await withLots({ a: LOT, b: LOT });
    expect(both.ok ? [] : both.issues.map(({ path }) => path)).toEqual([at('a'), at('b')]);
    expect((await withLots({ a: LOT })).ok).toBe(true);
    const later = await withLots({ b: LOT });
    const message = expect.stringContaining('give one of the two lots another presence_prefix') as string;
    expect(later.ok ? [] : later.issues).toEqual([{ path: at('b'), message }]);
    expect((await withLots({ a: LOT, b: lot(1) })).ok).toBe(true);
  });
});

describe('what stands between groups of a tenant', () => {
  const apply = (store: Store, groups: unknown) => applySettings(store, { tenants: { acme: { groups } } });

  it('is checked within a document and beside what is stored, each with its path', async () => {
    const store = await open();
    expect((await apply(store, { a: { name: 'Desk', members: [{ extension: '101' }] } })).ok).toBe(true);
    const result = await apply(store, {
      b: { name: 'Desk' },
      c: { members: [{ extension: '102' }, { extension: '101' }] },
      d: { recall_to: 'RING_GROUP_ONLY', ring_group_id: 'none' },
    });
    expect(result.ok ? [] : result.issues.map(({ path }) => path)).toEqual([
      'tenants.acme.groups.d.ring_group_id',
      'tenants.acme.groups.b.name',
      'tenants.acme.groups.c.members[1].extension',
    ]);
    // The very group that has name and member may be written again, and another tenant may have both.
    expect((await apply(store, { a: { name: 'Desk', members: [{ extension: '101' }] } })).ok).toBe(true);
    const other = { tenants: { other: { groups: { a: { name: 'Desk', members: [{ extension: '101' }] } } } } };
    expect((await applySettings(store, other)).ok).toBe(true);
  });

  it('holds when two documents are applied at the same instant', async () => {
    for (let round = 0; round < 10; round++) {
      const store = await open();
      const results = await Promise.all(
        ['a', 'b', 'c'].map((id) => apply(store, { [id]: { members: [{ extension: '101' }] } })),
      );
      expect(results.filter(({ ok }) => ok)).toHaveLength(1);
    }
  });
});

describe('making tenants and lots by themselves', () => {
  it('makes each once when many come at the same time, and all are told (R1)', async () => {
    const store = await open();
    const results = await Promise.all(Array.from({ length: 20 }, () => ensureTenantLot(store, 'acme', 'default')));
    expect(new Set(results.map((result) => result.ok && result.revision)).size).toBe(1);
    expect(await read(store, keys.lot('acme', 'default'))).toEqual({
      lot_id: 'default',
      ranges: [{ first: '101', last: '999' }],
      any_slot: true,
    });
    expect(await countKeys(store)).toBe(2);
  });

  it('never touches what is there', async () => {
    const store = await open();
    await putTenant(store, 'acme', { enabled: false });
    await putLot(store, 'acme', 'default', LOT);
    const result = await ensureTenantLot(store, 'acme', 'other');
    expect(result.ok).toBe(true);
    expect(await read(store, keys.tenantSettings('acme'))).toEqual({ enabled: false });
    expect(await read(store, keys.lot('acme', 'default'))).toEqual({ lot_id: 'default', ...LOT });
    expect(await countKeys(store)).toBe(3);
  });

  it('needs no lot for the reserved ones, and makes no other that begins with _', async () => {
    const store = await open();
    expect((await ensureTenantLot(store, 'acme', '_extensions')).ok).toBe(true);
    expect(await countKeys(store)).toBe(1);
    expect(await ensureTenantLot(store, 'acme', '_mine')).toMatchObject({ reason: 'invalid' });
    expect(await ensureTenantLot(store, 'a b', 'x')).toMatchObject({ reason: 'invalid' });
  });
});

describe('the facts of a cluster', () => {
  it('are made once; later callers hear what stands', async () => {
    const store = await open();
    const first = await ensureMeta(store, { shardCount: 16, random: new SeededRandom(1) });
    const second = await ensureMeta(store, { shardCount: 32, random: new SeededRandom(2) });
    const third = await ensureMeta(store, { random: new SeededRandom(3) });
    if (!first.ok || !second.ok || !third.ok) throw new Error('refused');
    expect([first.created, second.created]).toEqual([true, false]);
    expect(second.meta).toEqual(first.meta);
    expect([first.shardCountMismatch, second.shardCountMismatch, third.shardCountMismatch]).toEqual([
      false,
      true,
      false,
    ]);
    expect(await loadMeta(store)).toMatchObject({ ok: true, meta: first.meta });
  });

  it('are refused where another version wrote them, and never made with a shard count out of range', async () => {
    const store = await open();
    const value = Buffer.from('{"format": 2, "shard_count": 16, "incarnation": "0011223344556677"}');
    await store.txn({ compare: [], success: [{ kind: 'put', key: keys.meta, value }] });
    expect(await ensureMeta(store, { random: new SeededRandom(1) })).toMatchObject({
      ok: false,
      issues: [{ path: 'format' }],
    });
    const empty = await open();
    await expect(ensureMeta(empty, { shardCount: 5000, random: new SeededRandom(1) })).rejects.toThrow(RangeError);
    expect(await loadMeta(empty)).toBeUndefined();
  });
});

describe('a restored cluster', () => {
  it('has another incarnation, and all else as it was', async () => {
    const store = await open();
    expect(await renewIncarnation(store, new SeededRandom(1))).toBeUndefined();
    const first = await ensureMeta(store, { shardCount: 16, random: new SeededRandom(1) });
    const renewed = await renewIncarnation(store, new SeededRandom(2));
    if (!first.ok || renewed?.ok !== true) throw new Error('no facts');
    expect(renewed.meta.incarnation).not.toBe(first.meta.incarnation);
    expect(await loadMeta(store)).toMatchObject({ ok: true, meta: { ...first.meta, ...renewed.meta } });
    expect(renewed.meta).toMatchObject({ format: first.meta.format, shard_count: 16 });
  });
});

describe('the settings of a tenant, as a document', () => {
  it('are the same where they are written again, whoever wrote them', async () => {
    const [here, there] = [await open(), await open()];
    await putTenant(here, 'acme', { callback_timeout_ms: 60_000 });
    await putLot(here, 'acme', 'sales', LOT);
    await putGroup(here, 'acme', 'desk', { members: [{ extension: '201' }] });
    await ensureTenantLot(here, 'acme', '_extensions');
    await putLot(here, 'globex', 'sales', LOT);
    const document = await readTenantDocument(here, 'acme');
    expect(await applySettings(there, document)).toMatchObject({ ok: true });
    expect(await readTenantDocument(there, 'acme')).toEqual(document);
    expect(await countKeys(there)).toBe(3);
    expect(await readTenantDocument(here, 'nobody')).toBeUndefined();
  });
});
