import { afterAll, beforeAll, expect, it } from 'vitest';
import { RestBed } from '../testing/rest-bed.testing.js';

let bed: RestBed;
beforeAll(async () => {
  bed = await RestBed.start();
});
afterAll(() => bed.close());

const reasonOf = ({ status, json }: { status: number; json: unknown }) =>
  `${status} ${(json as { reason?: string } | undefined)?.reason ?? ''}`.trim();

it('users are made, listed, changed and deleted by their extension', async () => {
  const created = await bed.post('/users', { name: 'ada', display_name: 'Ada', extension_number: '201' });
  expect([created.status, created.headers.get('location')]).toEqual([201, '/api/users/201']);
  expect(reasonOf(await bed.post('/users', { name: 'ADA', extension_number: '202' }))).toBe('409 NAME_TAKEN');
  expect(reasonOf(await bed.post('/users', { name: 'bob' }))).toBe('400 INVALID_FIELD');
  const listed = await bed.ask('/users?search=ada&orderby=extension_number');
  expect(listed.json).toMatchObject({ count: 1, items: [{ name: 'ada', extension_number: '201' }] });
  const match = { headers: { 'if-match': '"1"' } };
  expect(reasonOf(await bed.post('/users/201', { name: 'eve' }, match))).toBe('412 REVISION_CONFLICT');
  expect((await bed.post('/users/201', { name: 'eve' })).status).toBe(200);
  expect((await bed.ask('/users/201')).json).toMatchObject({ name: 'eve', display_name: 'Ada' });
  const group = await bed.group('Desk');
  await bed.post(`/call_park_groups/${group}/members/201`);
  expect(reasonOf(await bed.post('/users/201/destroy'))).toBe('409 IN_USE');
  await bed.post(`/call_park_groups/${group}/members/201/destroy`);
  expect((await bed.post('/users/201/destroy')).status).toBe(204);
  expect(reasonOf(await bed.ask('/users/201'))).toBe('404 USER_NOT_FOUND');
});

it('lots and ring groups are written whole, in the words of settings documents', async () => {
  const ring = { strategy: 'sequential', members: [{ extension: '101' }] };
  const none = { headers: { 'if-match': '"0"' } };
  expect((await bed.post('/ring_groups/night', ring, none)).status).toBe(200);
  expect(reasonOf(await bed.post('/ring_groups/night', ring, none))).toBe('412 REVISION_CONFLICT');
  const bad = await bed.post('/lots/sales', { ranges: [{ first: '720', last: '701' }] });
  expect(bad.json).toMatchObject({ status: 400, metadata: { field: 'ranges[0]' } });
  const recall = { recall_to: 'RING_GROUP_ONLY', ring_group_id: 'night' };
  expect((await bed.post('/lots/sales', { ranges: [{ first: '701', last: '720' }], recall })).json).toMatchObject({
    lot_id: 'sales',
    selection: 'first',
  });
  expect(reasonOf(await bed.post('/ring_groups/night/destroy'))).toBe('409 IN_USE');
  expect((await bed.ask("/lots?filter=id eq 'sales'")).json).toMatchObject({ count: 1 });
  expect((await bed.post('/lots/sales/destroy')).status).toBe(204);
  expect((await bed.post('/ring_groups/night/destroy')).status).toBe(204);
  expect(reasonOf(await bed.ask('/ring_groups/night'))).toBe('404 RING_GROUP_NOT_FOUND');
  expect(reasonOf(await bed.ask('/lots/sales', { token: 'other' }))).toBe('404 TENANT_NOT_FOUND');
  expect(reasonOf(await bed.post('/lots/sales', {}, { token: 'viewer' }))).toBe('403 PERMISSION_DENIED');
});

it('slots are for who may see them, in all of the tenant or in the lot that is named', async () => {
  expect((await bed.ask('/slots', { token: 'viewer' })).json).toEqual({ items: [] });
  expect(reasonOf(await bed.ask('/slots', { token: 'seller' }))).toBe('403 PERMISSION_DENIED');
  expect((await bed.ask('/slots?lot_id=sales', { token: 'seller' })).status).toBe(200);
  expect(reasonOf(await bed.ask('/slots?lot_id=other', { token: 'seller' }))).toBe('403 PERMISSION_DENIED');
  expect(reasonOf(await bed.ask('/call_park', { token: 'seller' }))).toBe('403 PERMISSION_DENIED');
  expect(reasonOf(await bed.ask('/slots', { token: 'other' }))).toBe('404 TENANT_NOT_FOUND');
  expect(reasonOf(await bed.ask('/slots?top=1001'))).toBe('400 INVALID_FIELD');
});
