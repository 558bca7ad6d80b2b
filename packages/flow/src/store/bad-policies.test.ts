import { ManualClock } from '@parkade/clock';
import { openEmbeddedStore, type Store } from '@parkade/store';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { applyDocument } from './apply-document.js';
import { putFlow } from './stored-flows.js';

// Whatever would only be found out when a call has come back is refused when it is configured, with the field's path (R13).

let store: Store;
beforeEach(async () => {
  store = await openEmbeddedStore({ clock: new ManualClock() });
});
afterEach(() => store.close());

const sales = { sales: { members: [{ extension: '1001' }] } };
const lot = (recall: unknown) => ({ any_slot: true, recall });
const tenant = (parts: object) => ({ tenants: { acme: { ring_groups: sales, ...parts } } });
const inLot = (recall: unknown) => tenant({ lots: { main: lot(recall) } });
const flow = (json: unknown) => tenant({ flows: { parking: json } });
const child = (json: unknown) => flow({ flow: { module: 'park', children: { '100': json } } });
const LOT = 'tenants.acme.lots.main.recall';
const FLOW = 'tenants.acme.flows.parking';

it.each<[what: string, document: unknown, path: string, message: RegExp]>([
  ['a ring group missing', inLot({ recall_to: 'RING_GROUP_ONLY' }), `${LOT}.ring_group_id`, /^is required with RING/],
  [
    'a ring group missing after the user',
    tenant({ settings: { recall: { recall_to: 'USER_FIRST_THEN_RING_GROUP' } } }),
    'tenants.acme.settings.recall.ring_group_id',
    /^is required with USER_FIRST/,
  ],
  [
    'a ring group where the user alone is rung',
    inLot({ recall_to: 'USER_ONLY', ring_group_id: 'sales' }),
    `${LOT}.ring_group_id`,
    /^is only valid with/,
  ],
  ['a ring group without a mode', inLot({ ring_group_id: 'sales' }), `${LOT}.ring_group_id`, /^is only valid with/],
  [
    'a ring group that is not there',
    inLot({ recall_to: 'RING_GROUP_ONLY', ring_group_id: 'none' }),
    `${LOT}.ring_group_id`,
    /^the tenant has no ring group none$/,
  ],
  [
    'a fallback to a ring group that is not there',
    inLot({ fallback: { to: 'ring_group', ring_group_id: 'none' } }),
    `${LOT}.fallback.ring_group_id`,
    /^the tenant has no ring group none$/,
  ],
  ['a fallback that is none', inLot({ fallback: { to: 'moon' } }), `${LOT}.fallback.to`, /^must have `to`/],
  [
    'a group time in seconds',
    inLot({ ring_group_time_ms: 300 }),
    `${LOT}.ring_group_time_ms`,
    /at least 1000: the unit/,
  ],
  [
    'a group time that is too long',
    inLot({ ring_group_time_ms: 900_001 }),
    `${LOT}.ring_group_time_ms`,
    /at most 900000/,
  ],
  ['a retry interval in seconds', inLot({ retry_interval_ms: 10 }), `${LOT}.retry_interval_ms`, /the unit is ms/],
  ['fewer attempts than none', inLot({ attempts: -1 }), `${LOT}.attempts`, /negative/],
  [
    'a ringing without an end',
    tenant({ settings: { callback_timeout_ms: 3_600_000 } }),
    'tenants.acme.settings.callback_timeout_ms',
    /^must be at most 600000 ms$/,
  ],
  [
    'a longest stay in seconds',
    tenant({ settings: { max_park_ms: 60 } }),
    'tenants.acme.settings.max_park_ms',
    /the unit is ms/,
  ],
  [
    'a timeout of a flow in seconds',
    flow({ data: { default_callback_timeout: 30 } }),
    `${FLOW}.data.default_callback_timeout`,
    /the unit is ms/,
  ],
  [
    'a timeout of a slot of a flow in seconds',
    flow({ data: { slots: { '100': { ringback_timeout: '60' } } } }),
    `${FLOW}.data.slots.100.ringback_timeout`,
    /the unit is ms/,
  ],
  [
    'a child of an unknown module',
    child({ module: 'conference', data: {} }),
    `${FLOW}.flow.children.100.module`,
    /^must be one of park, voicemail/,
  ],
  ['a child without a module', child({ data: { id: 'x' } }), `${FLOW}.flow.children.100.module`, /^is required/],
  [
    'a child without what it names',
    child({ module: 'voicemail', data: {} }),
    `${FLOW}.flow.children.100.data.id`,
    /^is required/,
  ],
  [
    'a child that is a ring group that is not there',
    child({ module: 'ring_group', data: { id: 'none' } }),
    `${FLOW}.flow.children.100.data.id`,
    /^the tenant has no ring group none$/,
  ],
  [
    'an action that is none',
    flow({ data: { action: 'hold' } }),
    `${FLOW}.data.action`,
    /^must be one of park, direct_park/,
  ],
  [
    'ring groups in a circle',
    tenant({
      ring_groups: { a: { members: [{ ring_group_id: 'b' }] }, b: { members: [{ ring_group_id: 'a' }] } },
    }),
    'tenants.acme.ring_groups.a.members[0].ring_group_id',
    /^leads in a circle: a, b, a$/,
  ],
  [
    'a ring group in itself',
    tenant({ ring_groups: { a: { members: [{ ring_group_id: 'a' }] } } }),
    'tenants.acme.ring_groups.a.members[0].ring_group_id',
    /^leads in a circle: a, a$/,
  ],
])('%s is refused with its path, and nothing is written', async (_, document, path, message) => {
  const result = await applyDocument(store, document);
  expect(result).toMatchObject({ ok: false });
  if (result.ok) return;
  expect(result.issues.map((issue) => issue.path)).toContain(path);
  expect(result.issues.find((issue) => issue.path === path)?.message).toMatch(message);
  expect((await store.range({ start: '/', end: '0' })).kvs).toEqual([]);
});

it('a good document is written whole, its flows with the ring groups they name', async () => {
  const good = child({ module: 'ring_group', data: { id: 'sales' } });
  expect(await applyDocument(store, good)).toMatchObject({ ok: true, written: 2 });
  // The group is stored now; a flow alone may name it.
  const alone = {
    tenants: { acme: { flows: { other: { children: { _: { module: 'ring_group', data: { id: 'sales' } } } } } } },
  };
  expect(await applyDocument(store, alone)).toMatchObject({ ok: true, written: 1 });
});

it('a flow that is stored by itself is held to the same', async () => {
  await applyDocument(store, tenant({}));
  const wrong = { children: { _: { module: 'conference' } } };
  expect(await putFlow(store, 'acme', 'f', wrong)).toMatchObject({
    ok: false,
    issues: [{ path: 'children._.module' }],
  });
});
