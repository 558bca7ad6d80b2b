import { MediaControl, OnOccupied, Park, ParkState, ReleaseCause } from '@parkade/proto';
import { toDuration } from '@parkade/rpc';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type RestAnswer, RestBed, type RestRequest } from '../testing/rest-bed.testing.js';

let bed: RestBed;
beforeAll(async () => {
  bed = await RestBed.start();
});
afterAll(async () => {
  expect(bed.defects).toEqual([]);
  await bed.close();
});
beforeEach(() => bed.commands.splice(0));

const call = { media_node: 'n1', call_id: 'c1' };
const KEY = '01936a2c-7b1e-7c3d-9a4f-0123456789ab';
const park = Park.fromPartial({ parkId: 'p1', lotId: 'sales', slot: '701', state: ParkState.PARKED, revision: 7 });
const reasonOf = ({ status, json }: RestAnswer) => `${status} ${(json as { reason?: string }).reason ?? ''}`;

/** Asks for something that is answered with a park; what was asked of ParkService. */
async function asked(path: string, body: object, rest: RestRequest = {}) {
  bed.answers.push({ $case: 'park', value: { park, revision: 7 } });
  const answer = await bed.post(path, body, rest);
  bed.answers.splice(0);
  return { answer, command: bed.commands.at(-1) };
}

describe('parks over REST', () => {
  it('are asked for with everything that may be said of them, once for one key', async () => {
    const { answer, command } = await asked(
      '/parks',
      {
        ...{ lot_id: 'sales', slot: '701', note: 'blue car', on_occupied: 'NEXT_FREE', media_control: 'CLUSTER' },
        ...{ recall_in: 90, call: { ...call, caller_name: 'Ada', caller_number: '555' } },
        parker: { user_id: 'u', device_id: 'd', extension: '101' },
      },
      { headers: { 'idempotency-key': KEY } },
    );
    expect([answer.status, answer.headers.get('location'), answer.headers.get('etag')]).toEqual([
      ...[201, '/api/parks/p1', '"7"'],
    ]);
    expect(answer.json).toMatchObject({ park_id: 'p1', lot_id: 'sales', slot: '701', state: 'PARKED' });
    expect(command).toMatchObject({
      $case: 'park',
      value: {
        ...{ requestId: KEY, tenantId: 'acme', note: 'blue car', onOccupied: OnOccupied.NEXT_FREE },
        target: { kind: { $case: 'slot', value: { lotId: 'sales', slot: '701' } } },
        call: { mediaNode: 'n1', callId: 'c1', callerName: 'Ada', callerNumber: '555' },
        parker: { userId: 'u', deviceId: 'd', extension: '101' },
        mediaControl: MediaControl.CLUSTER,
        overrides: { ringbackTimeout: toDuration(90_000) },
      },
    });
  });

  it.each([
    [{}, { $case: 'lot', value: { lotId: '' } }],
    [{ lot_id: 'sales' }, { $case: 'lot', value: { lotId: 'sales' } }],
    [{ slot: '1' }, { $case: 'slot', value: { lotId: '', slot: '1' } }],
    [{ extension: '101' }, { $case: 'extension', value: { extension: '101' } }],
    [{ group_id: 'g' }, { $case: 'group', value: { groupId: 'g' } }],
  ])('go where %j says', async (where, kind) => {
    expect((await asked('/parks', { call, ...where })).command).toMatchObject({ value: { target: { kind } } });
  });

  it('are retrieved, moved, extended, renewed and released by their ids, and the oldest of a slot or extension by its place', async () => {
    const value = async (path: string, body: object) => (await asked(path, body)).command;
    const retriever = { mediaNode: 'n1', callId: 'c1' };
    const take = { retriever: call };
    const from = { $case: 'parkId', value: 'p1' };
    const byId = { $case: 'retrieve', value: { tenantId: 'acme', from, retriever } };
    expect(await value('/parks/p1/retrieve', take)).toMatchObject(byId);
    const bySlot = { from: { $case: 'slot', value: { lotId: 'sales', slot: '701' } } };
    expect(await value('/slots/sales/701/retrieve', take)).toMatchObject({ value: bySlot });
    const atExtension = { from: { $case: 'extension', value: { extension: '101' } } };
    expect(await value('/slots/_extensions/101/retrieve', take)).toMatchObject({ value: atExtension });
    const named = { tenantId: 'acme', parkId: 'p1' };
    const moved = { $case: 'movePark', value: { ...named, slot: { lotId: '', slot: '702' } } };
    expect(await value('/parks/p1/move', { slot: '702' })).toMatchObject(moved);
    const never = { $case: 'extendPark', value: { ...named, recallIn: toDuration(0) } };
    expect(await value('/parks/p1/extend', { recall_in: 0 })).toMatchObject(never);
    const renewed = { $case: 'renewPolicy', value: named };
    expect(await value('/parks/p1/renew_policy', {})).toMatchObject(renewed);
    const released = { ...named, cause: ReleaseCause.RELEASED, callId: 'c1' };
    expect(await value('/parks/p1/release', { call_id: 'c1' })).toMatchObject({ $case: 'release', value: released });
  });

  it.each<[string, string, object]>([
    ['slot', '/parks', { call, slot: '1', extension: '101' }],
    ['lot_id', '/parks', { call, lot_id: 'sales', group_id: 'g' }],
    ['call', '/parks', { slot: '1' }],
    ['call.call_id', '/parks', { call: { media_node: 'n1' } }],
    ['call.media_node', '/parks', { call: { media_node: 'two words', call_id: 'c' } }],
    ['note', '/parks', { call, note: 'x'.repeat(513) }],
    ['on_occupied', '/parks', { call, on_occupied: 'WAIT' }],
    ['recall_in', '/parks', { call, recall_in: 2_592_001 }],
    ['parker.phone', '/parks', { call, parker: { phone: '1' } }],
    ['retriever', '/parks/p1/retrieve', {}],
    ['slot', '/parks/p1/move', { lot_id: 'sales' }],
    ['recall_in', '/parks/p1/extend', { recall_in: -1 }],
    ['recall_in', '/parks/p1/extend', { recall_in: '60' }],
    ['cause', '/parks/p1/release', { cause: 'FUN' }],
  ])('are refused where %s is wrong: %s %j', async (field, path, body) => {
    const { answer } = await asked(path, body);
    expect([reasonOf(answer), answer.json]).toMatchObject(['400 INVALID_FIELD', { metadata: { field } }]);
    expect(bed.commands).toEqual([]);
  });

  it('are refused with a key that is no UUIDv7', async () => {
    const { answer } = await asked('/parks', { call }, { headers: { 'idempotency-key': 'mine' } });
    expect(reasonOf(answer)).toBe('400 INVALID_FIELD');
  });

  it('are for who has the right in their lot; the bed says a park is in the lot of its id', async () => {
    const seller = { token: 'seller' };
    expect((await asked('/parks', { call, lot_id: 'sales' }, seller)).answer.status).toBe(201);
    expect((await asked('/parks/sales/release', {}, seller)).answer.status).toBe(200);
    for (const [path, body] of [
      ['/parks', { call, lot_id: 'other' }],
      ['/parks', { call, extension: '101' }],
      ['/parks/other/release', {}],
      ['/parks/sales/move', { lot_id: 'other', slot: '1' }],
      ['/slots/other/1/retrieve', { retriever: call }],
    ] as const) {
      bed.commands.splice(0);
      expect(reasonOf((await asked(path, body, seller)).answer)).toBe('403 PERMISSION_DENIED');
      expect(reasonOf((await asked(path, body, { token: 'viewer' })).answer)).toBe('403 PERMISSION_DENIED');
      expect(bed.commands).toEqual([]);
    }
    expect(reasonOf(await bed.ask('/slots/other/1', seller))).toBe('403 PERMISSION_DENIED');
    expect(reasonOf(await bed.ask('/parks/other', seller))).toBe('403 PERMISSION_DENIED');
    expect(reasonOf(await bed.ask('/parks/sales', seller))).toBe('404 PARK_NOT_FOUND');
  });
});
