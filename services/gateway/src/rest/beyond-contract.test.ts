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

it("a tenant's own settings are written whole, and its feature codes one by one", async () => {
  const shown = await bed.ask('/tenant_settings');
  const settings = { enabled: true, codes: { auto: '*7' }, hold: { audio: 'silence' } };
  const match = { headers: { 'if-match': shown.headers.get('etag') ?? '' } };
  expect((await bed.post('/tenant_settings', settings, match)).json).toEqual(settings);
  expect(reasonOf(await bed.post('/tenant_settings', settings, match))).toBe('412 REVISION_CONFLICT');
  expect((await bed.post('/tenant_settings', { enabled: 'yes' })).json).toMatchObject({
    metadata: { field: 'enabled' },
  });
  const taken = await bed.post('/tenant_settings', { extension_number: '101' });
  expect(taken.json).toMatchObject({ metadata: { field: 'extension_number' } });
  const none = await bed.post('/tenant_settings', { recall: { recall_to: 'RING_GROUP_ONLY', ring_group_id: 'none' } });
  expect(none.json).toMatchObject({ metadata: { field: 'recall.ring_group_id' } });

  const defaults = {
    park_next: '*4',
    retrieve: '*5',
    park_extension: '*68',
    park_group: '*58',
    retrieve_extension: '*88',
  };
  expect((await bed.ask('/feature_codes')).json).toEqual({ auto: '*7', ...defaults });
  const codes = await bed.post('/feature_codes', { park_next: '', retrieve: '#5' });
  expect(codes.json).toEqual({ auto: '*7', ...defaults, park_next: '', retrieve: '#5' });
  expect((await bed.ask('/tenant_settings')).json).toMatchObject({ hold: { audio: 'silence' } });
  for (const [field, value] of [
    ['auto', '7'],
    ['auto', '#5'],
    ['auto', '*'.repeat(17)],
    ['colour', '*1'],
  ] as const) {
    const refused = await bed.post('/feature_codes', { [field]: value });
    expect([reasonOf(refused), refused.json]).toMatchObject(['400 INVALID_FIELD', { metadata: { field } }]);
  }
});

it('who parks a call is told of it where the park server says so, and nobody is where nobody was told', async () => {
  const told = async () =>
    ((await bed.ask('/call_park')).json as { send_notification_to_parker?: boolean }).send_notification_to_parker;
  const info = async () => ((await bed.ask('/tenant_settings')).json as { park_info?: unknown }).park_info;
  await bed.post('/call_park', { send_notification_to_parker: false });
  expect([await told(), await info()]).toEqual([false, undefined]);
  await bed.post('/call_park', { send_notification_to_parker: true });
  expect([await told(), await info()]).toEqual([true, { parker: true, target: true, group: true }]);
  await bed.post('/call_park', { send_notification_to_parker: false });
  expect([await told(), await info()]).toEqual([false, { parker: false, target: true, group: true }]);
});

it('call flows are stored as they are written, and wrong ones refused with the path of what is wrong', async () => {
  const flow = {
    module: 'park',
    data: { action: 'auto', default_ringback_timeout: '120000', slots: { 100: { presence_type: 'confirmed' } } },
    children: { 100: { module: 'voicemail', data: { id: '8ca0e4c5' }, children: {} } },
  };
  const none = { headers: { 'if-match': '"0"' } };
  const put = await bed.post('/flows/main', { flow }, none);
  expect([put.status, put.json]).toEqual([200, { flow }]);
  expect(reasonOf(await bed.post('/flows/main', { flow: { module: 'park', data: {} } }, none))).toBe(
    '412 REVISION_CONFLICT',
  );
  expect((await bed.ask('/flows/main')).json).toEqual({ flow });
  expect((await bed.ask("/flows?filter=startswith(id,'m')")).json).toEqual({ count: 1, items: [{ flow_id: 'main' }] });
  const wrong = await bed.post('/flows/main', { module: 'park', data: { default_ringback_timeout: 500 } });
  expect([reasonOf(wrong), wrong.json]).toMatchObject([
    '400 INVALID_FIELD',
    { errors: [{ path: 'data.default_ringback_timeout' }] },
  ]);
  expect((await bed.post('/flows/main/destroy')).status).toBe(204);
  expect(reasonOf(await bed.post('/flows/main/destroy'))).toBe('404 FLOW_NOT_FOUND');
  expect(reasonOf(await bed.ask('/flows/main'))).toBe('404 FLOW_NOT_FOUND');
});

it('prompt files are uploaded, listed, played by the park server, fetched with a token or by a link, and deleted', async () => {
  const wav = 'RIFF....WAVEfmt ';
  const upload = (name: string, body: string, type = 'audio/wav') =>
    bed.post(`/prompt_files?name=${name}`, body, { headers: { 'content-type': type } });
  const made = await upload('hold.wav', wav);
  const { id, link } = made.json as { id: string; link: string };
  expect([made.status, made.headers.get('location'), made.json]).toMatchObject([
    ...[201, `/api/prompt_files/${id}`, { name: 'hold.wav', content_type: 'audio/wav', size: 16 }],
  ]);
  expect(reasonOf(await upload('x.wav', '<html>'))).toBe('400 INVALID_FIELD');
  expect(reasonOf(await upload('x.wav', '{}', 'application/json'))).toBe('400 INVALID_FIELD');
  expect((await upload('x.wav', wav, 'image/png')).status).toBe(415);
  expect(reasonOf(await upload('x.wav', wav + 'x'.repeat(3 * 1024 * 1024)))).toBe('413 TOO_LARGE');
  expect(reasonOf(await bed.post('/prompt_files', wav, { headers: { 'content-type': 'audio/wav' } }))).toBe(
    '400 INVALID_FIELD',
  );
  expect((await bed.ask('/prompt_files?search=hold&orderby=name&top=1')).json).toMatchObject({ count: 2 });
  expect((await bed.post('/call_park', { prompt_file_id: id })).status).toBe(200);
  const shown = (await bed.ask('/call_park')).json;
  expect(shown).toMatchObject({ prompt_file_name: 'hold.wav', prompt_file_size: 16 });
  const { prompt_file_url: url } = shown as { prompt_file_url: string };
  const fetched = await bed.ask(url, { token: 'viewer' });
  expect([fetched.text, fetched.headers.get('content-type')]).toEqual([wav, 'audio/wav']);
  expect(reasonOf(await bed.ask(url, { token: 'other' }))).toBe('404 TENANT_NOT_FOUND');
  expect((await bed.ask(link, { token: '' })).text).toBe(wav);
  for (const bad of [
    link.replace(id, 'f1'),
    link.replace('acme', 'other'),
    `${link}x`,
    link.replace(/expires=\d+/, 'expires=9'),
  ]) {
    expect(reasonOf(await bed.ask(bad, { token: '' }))).toBe('404 PROMPT_FILE_NOT_FOUND');
  }
  expect(reasonOf(await bed.post(`/prompt_files/${id}/destroy`))).toBe('409 IN_USE');
  await bed.post('/tenant_settings', {});
  expect((await bed.post(`/prompt_files/${id}/destroy`)).status).toBe(204);
  expect(reasonOf(await bed.ask(`/prompt_files/${id}`))).toBe('404 PROMPT_FILE_NOT_FOUND');
});

it('tenants are made, listed and deleted by operators of the cluster alone', async () => {
  const operator = { token: 'operator' };
  const once = { ...operator, headers: { 'if-match': '"0"' } };
  const made = await bed.post('/tenants/new', { extension_number: '700' }, once);
  expect([made.status, made.json]).toMatchObject([200, { enabled: true, extension_number: '700' }]);
  expect(reasonOf(await bed.post('/tenants/new', {}, once))).toBe('412 REVISION_CONFLICT');
  expect(reasonOf(await bed.post('/tenants/two%20words', {}, operator))).toBe('400 INVALID_FIELD');
  expect(reasonOf(await bed.post('/tenants/newer', { enabled: 1 }, operator))).toBe('400 INVALID_FIELD');
  expect((await bed.ask('/tenants?orderby=id desc', operator)).json).toEqual({
    count: 2,
    items: [
      { id: 'new', enabled: true },
      { id: 'acme', enabled: true },
    ],
  });
  expect((await bed.ask('/tenants/new', operator)).json).toMatchObject({ extension_number: '700' });
  for (const token of ['admin', 'other', 'viewer']) {
    expect(reasonOf(await bed.ask('/tenants', { token }))).toBe('403 PERMISSION_DENIED');
    expect(reasonOf(await bed.post('/tenants/new/destroy', undefined, { token }))).toBe('403 PERMISSION_DENIED');
  }
  expect((await bed.post('/tenants/new/destroy', undefined, operator)).status).toBe(204);
  expect(reasonOf(await bed.ask('/tenants/new', operator))).toBe('404 TENANT_NOT_FOUND');
  expect(reasonOf(await bed.post('/tenants/new/destroy', undefined, operator))).toBe('404 TENANT_NOT_FOUND');
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

it('what is wrong with a request is said in words that tell what to send', async () => {
  const detailOf = async (body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<unknown> => {
    const { status, json } = await bed.post('/parks', body, { headers });
    return [status, (json as { detail: string }).detail];
  };
  const call = { media_node: 'fs1', call_id: 'c1' };
  expect(await detailOf({ slot: '701' })).toEqual([400, 'The body is wrong: call is missing.']);
  expect(await detailOf('[]')).toEqual([400, 'The body is wrong: must be object.']);
  const [, header] = (await detailOf({ call }, { 'idempotency-key': 'mine' })) as [number, string];
  expect(header).toMatch(/^The header is wrong: idempotency-key must match/);
  // What curl says of -d by itself.
  expect(await detailOf('{}', { 'content-type': 'application/x-www-form-urlencoded' })).toEqual([
    415,
    expect.stringContaining('send content-type: application/json') as string,
  ]);
});
