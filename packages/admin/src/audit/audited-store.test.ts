import { SeededRandom, SystemClock } from '@parkade/clock';
import { keys } from '@parkade/ids';
import { type AuditRecord, outboxRecord } from '@parkade/records';
import { applySettings, ensureTenantLot } from '@parkade/settings';
import { openEmbeddedStore, prefixRange, type Store } from '@parkade/store';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { auditedStore } from './audited-store.js';

const clock = new SystemClock();
const BY = { principal: 'cli:ada', peer: 'host', operation: 'settings apply', requestId: '' };
let store: Store;
let audited: Store;
beforeEach(async () => {
  store = await openEmbeddedStore({ clock });
  audited = auditedStore({ store, clock, random: new SeededRandom(1), by: () => BY });
});
afterEach(() => store.close());

async function records(tenantId: string): Promise<readonly AuditRecord[]> {
  const { kvs } = await store.range(prefixRange(keys.tenantAudit(tenantId)));
  return kvs.flatMap((kv) => outboxRecord(kv) ?? []);
}

it('a document that changes several tenants leaves a record with each of them, and names its own things alone', async () => {
  const lot = (first: string) => ({ ranges: [{ first, last: first }] });
  const document = {
    tenants: { acme: { lots: { a: lot('1'), b: { ...lot('2'), presence_prefix: 'b' } } }, other: { settings: {} } },
  };
  expect(await applySettings(audited, document)).toMatchObject({ ok: true });
  const [acme, other] = [await records('acme'), await records('other')];
  expect(acme).toMatchObject([{ principal: 'cli:ada', peer: 'host', operation: 'settings apply', revision_before: 0 }]);
  expect(acme[0]?.things.toSorted()).toEqual(['lots/a', 'lots/b']);
  expect(other.map(({ things }) => things)).toEqual([['settings']]);
});

it('a document of thousands of lots is written in transactions that have room for their records', async () => {
  const tenants = Array.from({ length: 300 }, (_, n) => [
    `t-${n}`,
    { settings: {}, lots: { a: { ranges: [{ first: '1', last: '2' }] } } },
  ]);
  expect(await applySettings(audited, { tenants: Object.fromEntries(tenants) as object })).toMatchObject({ ok: true });
  for (const tenantId of ['t-0', 't-150', 't-299']) {
    expect((await records(tenantId)).flatMap(({ things }) => things).toSorted()).toEqual(['lots/a', 'settings']);
  }
});

it('what makes itself is recorded once, however many ask for it', async () => {
  await Promise.all([1, 2, 3].map(() => ensureTenantLot(audited, 'new', 'sales')));
  await ensureTenantLot(audited, 'new', 'sales');
  expect((await records('new')).map(({ things }) => things.toSorted())).toEqual([['lots/sales', 'settings']]);
});
