import { ManualClock, SystemClock } from '@parkade/clock';
import { EXTENSION_LOT, keys } from '@parkade/ids';
import { Refused } from '@parkade/rpc';
import { putLot, putSystem, putTenant } from '@parkade/settings';
import { openEmbeddedStore, type Store } from '@parkade/store';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Admin } from './admin.js';
import { SignedLinks } from './prompt-files/links.js';
import { blobName, MAX_PROMPT_FILE_BYTES } from './prompt-files/prompt-file.js';
import { AdminBench, done, refusal, TENANT } from './testing/admin-bench.testing.js';

let store: Store;
let bench: AdminBench;
let admin: Admin;
beforeEach(async () => {
  store = await openEmbeddedStore({ clock: new SystemClock() });
  bench = await AdminBench.start(store);
  await bench.promptFile('f1');
  admin = bench.admin;
  done(await admin.ringGroups.put(TENANT, 'night', { members: [{ extension: '109' }] }));
});
afterEach(async () => {
  bench.close();
  await store.close();
});

const server = async () => done(await admin.parkServers.show(TENANT)).value;
const json = async (key: string): Promise<unknown> =>
  JSON.parse(Buffer.from((await store.get(key))?.value ?? []).toString('utf8')) as unknown;

describe('the park server of a tenant', () => {
  it('is what the contract says where nobody has set anything', async () => {
    expect(await server()).toMatchObject({
      enabled: true,
      recall_to: 'USER_ONLY',
      recall_time: 300,
      recall_ring_group_time: 300,
      ring_group_id: undefined,
      prompt_file_name: undefined,
    });
  });

  it('is the lot of extensions, and changes in it what is named and nothing else', async () => {
    done(await bench.admin.lots.put(TENANT, EXTENSION_LOT, { slot_capacity: 3, recall: { attempts: 4 } }));
    done(
      await admin.parkServers.update(TENANT, { recall_time: 60, recall_to: 'RING_GROUP_ONLY', ring_group_id: 'night' }),
    );
    expect(await json(keys.lot(TENANT, EXTENSION_LOT))).toEqual({
      lot_id: EXTENSION_LOT,
      slot_capacity: 3,
      ringback_timeout_ms: 60_000,
      recall: { attempts: 4, recall_to: 'RING_GROUP_ONLY', ring_group_id: 'night' },
    });
    done(await admin.parkServers.update(TENANT, { enabled: false, extension_number: '700', prompt_file_id: 'f1' }));
    expect(await server()).toEqual({
      enabled: false,
      extension_number: '700',
      recall_to: 'RING_GROUP_ONLY',
      recall_time: 60,
      recall_ring_group_time: 300,
      ring_group_id: 'night',
      prompt_file_name: 'hold.wav',
      prompt_file_size: 1234,
      prompt_file_url: '/prompt_files/f1/content',
      send_notification_to_parker: false,
    });
  });

  it.each([
    ['recall_time', { recall_time: 59 }],
    ['recall_time', { recall_time: 901 }],
    ['recall_ring_group_time', { recall_ring_group_time: 60.5 }],
    ['extension_number', { extension_number: '70' }],
    ['extension_number', { extension_number: '101' }],
    ['prompt_file_id', { prompt_file_id: 'none' }],
    ['ring_group_id', { recall_to: 'RING_GROUP_ONLY' as const }],
    ['ring_group_id', { ring_group_id: 'night' }],
    ['ring_group_id', { recall_to: 'RING_GROUP_ONLY' as const, ring_group_id: 'none' }],
  ])('refuses %s of %j, and nothing of the request is done', async (field, patch) => {
    const all = { enabled: false, ...patch };
    expect(refusal(await admin.parkServers.update(TENANT, all))).toBe(`INVALID_FIELD ${field}`);
    expect((await server()).enabled).toBe(true);
  });

  it('shows what is in force from other levels, and leaves out what the contract cannot say', async () => {
    await putTenant(store, TENANT, { recall: { recall_to: 'RING_GROUP_ONLY', ring_group_id: 'night' } });
    await putSystem(store, { extension_ringback_timeout_ms: 90_000 });
    await expect.poll(server).toMatchObject({ recall_to: 'RING_GROUP_ONLY', recall_time: 90 });
    done(await admin.parkServers.update(TENANT, { recall_to: 'USER_ONLY' }));
    expect(await server()).toMatchObject({ recall_to: 'USER_ONLY', ring_group_id: undefined });
    await putLot(store, TENANT, EXTENSION_LOT, { ringback_timeout_ms: 45_000 });
    expect((await server()).recall_time).toBeUndefined();
  });

  it('is changed at the revision expected alone, whichever of its two halves is written', async () => {
    const { revision } = done(await admin.parkServers.show(TENANT));
    done(await admin.parkServers.update(TENANT, { extension_number: '700' }, { expectedRevision: revision }));
    const second = await admin.parkServers.update(TENANT, { enabled: false }, { expectedRevision: revision });
    expect(refusal(second)).toBe('REVISION_CONFLICT');
  });
});

describe('a user', () => {
  it('has an extension and a name of its own, whatever the case (A1)', async () => {
    const create = (name: string, number: string) =>
      admin.users.create(TENANT, { name, extension_number: number }).then(refusal);
    expect(await create('USER101', '201')).toBe('NAME_TAKEN name');
    expect(await create('ada', '101')).toBe('NAME_TAKEN extension_number');
    done(await admin.parkServers.update(TENANT, { extension_number: '700' }));
    expect(await create('ada', '700')).toBe('NAME_TAKEN extension_number');
    for (const name of ['.a', 'a.', 'a b', 'Admin', 'root', '', 'ä']) {
      expect(await create(name, '202')).toBe('INVALID_FIELD name');
    }
    for (const number of ['12', '1'.repeat(65), '12a']) {
      expect(await create('ada', number)).toBe('INVALID_FIELD extension_number');
    }
    expect(await create("O'Neil-x_y.z", '201')).toBe('done');
  });

  it('gives its name free when it gets another one, or goes', async () => {
    done(await admin.users.update(TENANT, '101', { name: 'ada', display_name: 'Ada L.' }));
    expect(done(await admin.users.show(TENANT, '101')).value).toMatchObject({ name: 'ada', display_name: 'Ada L.' });
    done(await admin.users.create(TENANT, { name: 'user101', extension_number: '201' }));
    expect(refusal(await admin.users.update(TENANT, '102', { name: 'ADA' }))).toBe('NAME_TAKEN name');
    done(await admin.users.destroy(TENANT, '101'));
    done(await admin.users.update(TENANT, '102', { name: 'ADA' }));
    expect(refusal(await admin.users.show(TENANT, '101'))).toBe('USER_NOT_FOUND');
  });
});

describe('prompt files', () => {
  const wav = Buffer.from('RIFF....WAVEfmt ', 'latin1');
  const create = (name: string, bytes: Uint8Array) => admin.promptFiles.create(TENANT, name, bytes).then(refusal);

  it('are sounds of a bounded size and number, whatever they are called (A10)', async () => {
    expect(await create('a.wav', wav)).toBe('done');
    expect(await create('a.mp3', Buffer.from('ID3....', 'latin1'))).toBe('done');
    expect(await create('a.wav', Buffer.from('<html>'))).toBe('INVALID_FIELD content');
    expect(await create('a.wav', Buffer.alloc(0))).toBe('INVALID_FIELD content');
    expect(await create('../a.wav', wav)).toBe('INVALID_FIELD name');
    expect(await create('a.wav', Buffer.concat([wav, Buffer.alloc(MAX_PROMPT_FILE_BYTES)]))).toBe('TOO_LARGE');
    expect(bench.blobs.kept.size).toBe(3);
  });

  it('are each its own under an id: another file, or another tenant’s, does not take its place (A13)', async () => {
    const upload = (tenantId: string, bytes: Uint8Array) => admin.promptFiles.create(tenantId, 'b.wav', bytes, 'own');
    const other = Buffer.concat([wav, Buffer.from('other')]);
    await putTenant(store, 'other', {});
    done(await upload(TENANT, wav));
    done(await upload(TENANT, wav));
    expect(refusal(await upload(TENANT, other))).toBe('REQUEST_ID_REUSED');
    done(await upload('other', other));
    expect(done(await admin.promptFiles.content(TENANT, 'own')).bytes).toEqual(wav);
    done(await admin.promptFiles.destroy('other', 'own'));
    expect(done(await admin.promptFiles.content(TENANT, 'own')).bytes).toEqual(wav);
    done(await admin.promptFiles.destroy(TENANT, 'own'));
  });

  it('go with their bytes, and not while something plays them (A11)', async () => {
    done(await admin.parkServers.update(TENANT, { prompt_file_id: 'f1' }));
    expect(refusal(await admin.promptFiles.destroy(TENANT, 'f1'))).toBe('IN_USE');
    done(await admin.ownSettings.put(TENANT, {}));
    const slots = { 701: { hold: { audio: 'prompt', prompt_file_id: 'f1' } } };
    done(await admin.lots.put(TENANT, 'sales', { ranges: [{ first: '701', last: '702' }], slots }));
    expect(refusal(await admin.promptFiles.destroy(TENANT, 'f1'))).toBe('IN_USE');
    done(await admin.lots.destroy(TENANT, 'sales'));
    const { value } = done(await admin.promptFiles.show(TENANT, 'f1'));
    const blob = blobName(TENANT, value);
    expect(bench.blobs.kept.has(blob)).toBe(true);
    done(await admin.promptFiles.destroy(TENANT, 'f1'));
    expect(bench.blobs.kept.has(blob)).toBe(false);
    expect(refusal(await admin.promptFiles.show(TENANT, 'f1'))).toBe('PROMPT_FILE_NOT_FOUND');
  });

  it('are given to who has a link for this very file, until it ends', async () => {
    const link = await admin.promptFiles.link(TENANT, 'f1');
    const query = new URL(link instanceof Refused ? link.message : link, 'http://gateway').searchParams;
    const expires = Number(query.get('expires'));
    const signature = query.get('signature') ?? '';
    const fetched = (tenant: string, id: string, until: number, signed: string) =>
      admin.promptFiles.linked(tenant, id, until, signed).then(refusal);
    expect(await fetched(TENANT, 'f1', expires, signature)).toBe('done');
    expect(await fetched(TENANT, 'f1', expires + 1, signature)).toBe('PROMPT_FILE_NOT_FOUND');
    expect(await fetched('other', 'f1', expires, signature)).toBe('PROMPT_FILE_NOT_FOUND');
    expect(await fetched(TENANT, 'f2', expires, signature)).toBe('PROMPT_FILE_NOT_FOUND');
    expect(await fetched(TENANT, 'f1', expires, '')).toBe('PROMPT_FILE_NOT_FOUND');
    const goodAt = (nowMs: number) =>
      new SignedLinks({ store, clock: new ManualClock(nowMs) }).isGood(TENANT, 'f1', expires, signature);
    expect(await goodAt(expires * 1_000 - 1)).toBe(true);
    expect(await goodAt(expires * 1_000)).toBe(false);
  });
});

describe('lots and ring groups', () => {
  it('a ring group that a call flow names is not deleted; a flow names no other (A3)', async () => {
    const flow = (id: string) =>
      JSON.stringify({
        ...{ module: 'park', data: { action: 'park' } },
        children: { _: { module: 'ring_group', data: { id }, children: {} } },
      });
    const put = (flowId: string, json: string) =>
      admin.flows.put({ requestId: '', tenantId: TENANT, flowId, json, expectedRevision: undefined }).then(refusal);
    expect(await put('main', flow('none'))).toMatch(/^INVALID_FIELD/);
    expect(await put('main', flow('night'))).toBe('done');
    for (let n = 0; n < 20; n++) expect(await put(`a-${n}`, JSON.stringify({ module: 'park', data: {} }))).toBe('done');
    const refused = await admin.ringGroups.destroy(TENANT, 'night');
    expect(refusal(refused)).toBe('IN_USE');
    expect(refused instanceof Refused ? refused.message : '').toContain('the call flow main');
    done(await admin.flows.delete({ requestId: '', tenantId: TENANT, flowId: 'main', expectedRevision: undefined }));
    done(await admin.ringGroups.destroy(TENANT, 'night'));
  });

  it('name only what the tenant has, and are not deleted while something names them (A3, A5, A6, A8)', async () => {
    const ranges = [{ first: '701', last: '720' }];
    const put = (id: string, lot: object) => admin.lots.put(TENANT, id, { ranges, ...lot }).then(refusal);
    expect(await put('a', { overflow_lot_id: 'b' })).toBe('INVALID_FIELD overflow_lot_id');
    expect(await put('b', {})).toBe('done');
    expect(await put('a', { overflow_lot_id: 'b' })).toBe('INVALID_FIELD presence_prefix');
    expect(await put('a', { overflow_lot_id: 'b', presence_prefix: 'a*' })).toBe('done');
    expect(await put('b', { overflow_lot_id: 'a' })).toBe('INVALID_FIELD overflow_lot_id');
    expect(await put('b', { recall: { fallback: { to: 'ring_group', ring_group_id: 'no' } } })).toBe(
      'INVALID_FIELD recall.fallback.ring_group_id',
    );
    expect(await put('b', { recall: { fallback: { to: 'ring_group', ring_group_id: 'night' } } })).toBe('done');
    expect(await put('b', { spread: 4 })).toBe('INVALID_FIELD spread');
    expect(refusal(await admin.lots.destroy(TENANT, 'b'))).toBe('IN_USE');
    expect(refusal(await admin.ringGroups.destroy(TENANT, 'night'))).toBe('IN_USE');
    done(await admin.lots.destroy(TENANT, 'a'));
    done(await admin.lots.destroy(TENANT, 'b'));
    done(await admin.ringGroups.destroy(TENANT, 'night'));
    expect(refusal(await admin.lots.show(TENANT, 'b'))).toBe('LOT_NOT_FOUND');
    expect(done(await admin.lots.show(TENANT, EXTENSION_LOT)).value.any_slot).toBe(true);
  });

  it('are not made anew with another spread while calls of the earlier one would not be found by it (A7)', async () => {
    const put = (spread: number) =>
      admin.lots.put(TENANT, 'wide', { ranges: [{ first: '701', last: '720' }], spread }).then(refusal);
    expect(await put(3)).toBe('done');
    done(await admin.lots.destroy(TENANT, 'wide'));
    bench.parked.placed.add('wide 705 3');
    expect(await put(1)).toBe('IN_USE spread');
    bench.parked.away = true;
    expect(await put(3)).toBe('NO_OWNER');
    bench.parked.away = false;
    expect(await put(3)).toBe('done');
    // One that is there is written as ever, whoever can be asked.
    bench.parked.away = true;
    expect(await put(3)).toBe('done');
    bench.parked.away = false;
    done(await admin.lots.destroy(TENANT, 'wide'));
    bench.parked.placed.clear();
    expect(await put(1)).toBe('done');
  });
});
