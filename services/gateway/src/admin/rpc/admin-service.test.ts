import { Client, credentials, type MethodDefinition, status } from '@grpc/grpc-js';
import { AdminBench } from '@parkade/admin/testing';
import { SystemClock, SystemRandom } from '@parkade/clock';
import { newRequestId } from '@parkade/ids';
import { Reason } from '@parkade/proto';
import { AdminServiceService, ListQuery, RecallTo } from '@parkade/proto/admin';
import { callFailure, GrpcServer, Refused, toDuration } from '@parkade/rpc';
import { openEmbeddedStore, type Store } from '@parkade/store';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { adminService } from './admin-service.js';

const clock = new SystemClock();
const tenantId = 'acme';
const requestId = '';
let store: Store;
let bench: AdminBench;
let server: GrpcServer;
let client: Client;
const defects: unknown[] = [];

beforeAll(async () => {
  store = await openEmbeddedStore({ clock });
  bench = await AdminBench.start(store);
  const service = adminService({
    admin: bench.admin,
    tenant: (id) =>
      id === tenantId ? undefined : Promise.resolve(new Refused(Reason.TENANT_NOT_FOUND, `There is no tenant ${id}.`)),
    run: (work) => work(),
    onDefect: (error) => defects.push(error),
  });
  server = await GrpcServer.start({ host: '127.0.0.1', port: 0, services: [service] }, clock);
  client = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure());
});
afterAll(async () => {
  expect(defects).toEqual([]);
  client.close();
  await server.stop(0);
  bench.close();
  await store.close();
});

type Rpcs = typeof AdminServiceService;
type Request<Name extends keyof Rpcs> = Parameters<Rpcs[Name]['requestSerialize']>[0];
type Response<Name extends keyof Rpcs> = ReturnType<Rpcs[Name]['responseDeserialize']>;

function ask<Name extends keyof Rpcs>(name: Name, request: Request<Name>): Promise<Response<Name>> {
  const { path, requestSerialize, responseDeserialize } = AdminServiceService[name] as unknown as MethodDefinition<
    Request<Name>,
    Response<Name>
  >;
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, (error, response) => {
      if (error === null && response !== undefined) resolve(response);
      else reject(error ?? new Error('no answer'));
    });
  });
}

/** `CODE REASON field`. */
async function refusal(asked: Promise<unknown>): Promise<string> {
  const { code, reason, metadata } = callFailure(
    await asked.then(
      () => new Error('was done'),
      (error: unknown) => error,
    ),
  );
  const words = [status[code], Reason[reason ?? Reason.UNSPECIFIED], metadata['field']];
  return words.filter((word) => word !== undefined).join(' ');
}

const query = (given: Partial<ListQuery>): ListQuery => ListQuery.fromPartial(given);

describe('AdminService', () => {
  it('shows and changes the park server, what is named and nothing else', async () => {
    const shown = await ask('getParkServer', { tenantId });
    expect(shown.parkServer).toMatchObject({
      ...{ enabled: true, recallTo: RecallTo.USER_ONLY, recallTime: toDuration(300_000), ringGroupId: '' },
      promptFile: undefined,
    });
    const json = JSON.stringify({ members: [{ extension: '109' }] });
    await ask('putRingGroup', { tenantId, requestId, ringGroupId: 'night', json });
    const change = { recallTo: RecallTo.RING_GROUP_ONLY, ringGroupId: 'night', recallTime: toDuration(60_000) };
    const { revision } = await ask('updateParkServer', {
      ...{ tenantId, requestId, recallRingGroupTime: undefined },
      ...change,
    });
    expect((await ask('getParkServer', { tenantId })).parkServer).toMatchObject({
      ...change,
      ...{ revision, enabled: true, recallRingGroupTime: toDuration(300_000) },
    });
    const wrong = (patch: object) =>
      refusal(
        ask('updateParkServer', {
          ...{ tenantId, requestId, recallTime: undefined, recallRingGroupTime: undefined, ...patch },
        }),
      );
    expect(await wrong({ recallTime: toDuration(60_500) })).toBe('INVALID_ARGUMENT INVALID_FIELD recall_time');
    expect(await wrong({ recallTime: toDuration(59_000) })).toBe('INVALID_ARGUMENT INVALID_FIELD recall_time');
    expect(await wrong({ recallTo: 99 })).toBe('INVALID_ARGUMENT INVALID_FIELD recall_to');
    expect(await wrong({ promptFileId: 'none' })).toBe('INVALID_ARGUMENT INVALID_FIELD prompt_file_id');
    expect(await wrong({ expectedRevision: 1 })).toBe('FAILED_PRECONDITION REVISION_CONFLICT');
    expect(await wrong({ requestId: 'mine' })).toBe('INVALID_ARGUMENT REQUEST_ID_INVALID request_id');
    await ask('updateParkServer', {
      ...{ tenantId, requestId, recallTo: RecallTo.USER_ONLY, recallTime: undefined, recallRingGroupTime: undefined },
    });
    expect((await ask('getParkServer', { tenantId })).parkServer).toMatchObject({ ringGroupId: '' });
  });

  it('makes a group once for one request id, changes it at a revision, and lists, fills and deletes it', async () => {
    const id = newRequestId(clock.nowMs(), new SystemRandom());
    const request = { tenantId, requestId: id, name: 'Desk', recallTo: RecallTo.UNSPECIFIED, ringGroupId: '' };
    const first = (await ask('createGroup', request)).group;
    expect(first).toMatchObject({ groupId: id, name: 'Desk', enabled: true, draining: false });
    expect((await ask('createGroup', request)).group).toEqual(first);
    expect(await refusal(ask('createGroup', { ...request, requestId }))).toBe('ALREADY_EXISTS NAME_TAKEN name');
    expect(await refusal(ask('createGroup', { ...request, requestId, name: '' }))).toBe(
      'INVALID_ARGUMENT INVALID_FIELD name',
    );
    const update = { tenantId, requestId, groupId: id, enabled: false, expectedRevision: first?.revision };
    const changed = (await ask('updateGroup', update)).group;
    expect(changed).toMatchObject({ name: 'Desk', enabled: false });
    expect(await refusal(ask('updateGroup', update))).toBe('FAILED_PRECONDITION REVISION_CONFLICT');
    expect((await ask('getGroup', { tenantId, groupId: id })).group).toEqual(changed);

    const member = { tenantId, requestId, groupId: id, extensionNumber: '101' };
    const { revision } = await ask('addMember', member);
    expect((await ask('addMember', member)).revision).toBe(0);
    const members = await ask('listMembers', { tenantId, groupId: id });
    expect(members).toMatchObject({ revision, members: [{ user: { name: 'user101' }, enabled: true }] });
    expect(await refusal(ask('addMember', { ...member, extensionNumber: '999' }))).toBe('NOT_FOUND USER_NOT_FOUND');
    await ask('removeMember', member);
    expect(await refusal(ask('removeMember', member))).toBe('NOT_FOUND MEMBER_NOT_FOUND');

    await ask('createGroup', { ...request, requestId, name: 'Front' });
    const asked = { tenantId, query: query({ orderBy: 'name desc', pageSize: 1 }) };
    const page = await ask('listGroups', asked);
    expect(page.groups.map(({ name }) => name)).toEqual(['Front']);
    const { nextPageToken: pageToken = '', totalCount } = page.page ?? {};
    expect(totalCount).toBe(2);
    const next = await ask('listGroups', { tenantId, query: { ...asked.query, pageToken } });
    expect(next).toMatchObject({ groups: [{ name: 'Desk' }], page: { nextPageToken: '' } });
    const wrong = (given: Partial<ListQuery>) => refusal(ask('listGroups', { tenantId, query: query(given) }));
    expect(await wrong({ pageSize: 101 })).toBe('INVALID_ARGUMENT INVALID_FIELD page_size');
    expect(await wrong({ orderBy: 'age' })).toBe('INVALID_ARGUMENT INVALID_FIELD order_by');
    expect(await wrong({ pageToken: 'x' })).toBe('INVALID_ARGUMENT INVALID_FIELD page_token');
    expect(await wrong({ filter: 'x' })).toBe('INVALID_ARGUMENT INVALID_FIELD filter');
    await ask('deleteGroup', { tenantId, requestId, groupId: id });
    expect(await refusal(ask('getGroup', { tenantId, groupId: id }))).toBe('NOT_FOUND GROUP_NOT_FOUND');
  });

  it('makes a user once for one request id, changes, lists and deletes it', async () => {
    const id = newRequestId(clock.nowMs(), new SystemRandom());
    const request = { tenantId, requestId: id, name: 'ada', displayName: 'Ada', extensionNumber: '201' };
    const made = (await ask('createUser', request)).user;
    expect(made).toMatchObject({ userId: id, name: 'ada', displayName: 'Ada', extensionNumber: '201' });
    expect((await ask('createUser', request)).user).toEqual(made);
    expect(await refusal(ask('createUser', { ...request, requestId }))).toBe(
      'ALREADY_EXISTS NAME_TAKEN extension_number',
    );
    const update = { tenantId, requestId, extensionNumber: '201', name: 'eve' };
    expect((await ask('updateUser', update)).user).toMatchObject({ name: 'eve', displayName: 'Ada' });
    const filter = "extension_number eq '201'";
    expect((await ask('listUsers', { tenantId, query: query({ filter }) })).users).toMatchObject([{ name: 'eve' }]);
    await ask('deleteUser', { tenantId, requestId, extensionNumber: '201' });
    const gone = await refusal(ask('getUser', { tenantId, extensionNumber: '201' }));
    expect(gone).toBe('NOT_FOUND USER_NOT_FOUND');
  });

  it('writes lots and ring groups whole, as JSON text, and tells wrong text with its path', async () => {
    const put = (lotId: string, json: string, expectedRevision?: number) =>
      ask('putLot', { tenantId, requestId, lotId, json, expectedRevision });
    const json = JSON.stringify({ ranges: [{ first: '701', last: '720' }] });
    const { lot } = await put('sales', json, 0);
    expect(JSON.parse(lot?.json ?? '')).toMatchObject({ lot_id: 'sales', selection: 'first' });
    expect(await refusal(put('sales', json, 0))).toBe('FAILED_PRECONDITION REVISION_CONFLICT');
    expect(await refusal(put('sales', '{"ranges": '))).toBe('INVALID_ARGUMENT INVALID_FIELD json');
    const crossed = JSON.stringify({ ranges: [{ first: '9', last: '1' }] });
    expect(await refusal(put('sales', crossed))).toBe('INVALID_ARGUMENT INVALID_FIELD ranges[0]');
    expect((await ask('getLot', { tenantId, lotId: 'sales' })).lot).toEqual(lot);
    expect((await ask('listLots', { tenantId, query: undefined })).lots).toContainEqual({ ...lot, revision: 0 });
    await ask('deleteLot', { tenantId, requestId, lotId: 'sales' });
    expect(await refusal(ask('getLot', { tenantId, lotId: 'sales' }))).toBe('NOT_FOUND LOT_NOT_FOUND');
    const ring = { tenantId, requestId, ringGroupId: 'day', json: '{"members":[{"extension":"101"}]}' };
    await ask('putRingGroup', ring);
    expect((await ask('getRingGroup', { tenantId, ringGroupId: 'day' })).ringGroup?.json).toContain('"101"');
    expect((await ask('listRingGroups', { tenantId, query: query({ search: 'day' }) })).ringGroups).toHaveLength(1);
    await ask('deleteRingGroup', { tenantId, requestId, ringGroupId: 'day' });
  });

  it('changes feature codes one by one, and tenant settings as a whole', async () => {
    const { codes } = await ask('updateFeatureCodes', { tenantId, requestId, auto: '*7' });
    expect(codes).toMatchObject({ auto: '*7', parkNext: '*4' });
    expect(await refusal(ask('updateFeatureCodes', { tenantId, requestId, retrieve: '*7' }))).toBe(
      'INVALID_ARGUMENT INVALID_FIELD retrieve',
    );
    const { settings } = await ask('getTenantSettings', { tenantId });
    expect(JSON.parse(settings?.json ?? '')).toMatchObject({ codes: { auto: '*7' } });
    const put = { tenantId, requestId, json: '{}', expectedRevision: settings?.revision };
    await ask('putTenantSettings', put);
    expect(await refusal(ask('putTenantSettings', put))).toBe('FAILED_PRECONDITION REVISION_CONFLICT');
    expect((await ask('getFeatureCodes', { tenantId })).codes).toMatchObject({ auto: '*3' });
  });

  it('stores call flows as FlowService does', async () => {
    const json = JSON.stringify({ module: 'park', data: { action: 'park' } });
    const { flow } = await ask('putFlow', { tenantId, requestId, flowId: 'main', json });
    expect((await ask('getFlow', { tenantId, flowId: 'main' })).flow).toEqual(flow);
    expect((await ask('listFlows', { tenantId, pageSize: 0, pageToken: '' })).flows).toMatchObject([
      { flowId: 'main' },
    ]);
    const wrong = ask('putFlow', {
      tenantId,
      requestId,
      flowId: 'main',
      json: '{"module":"park","data":{"action":"x"}}',
    });
    expect(await refusal(wrong)).toBe('INVALID_ARGUMENT INVALID_FIELD json');
    await ask('deleteFlow', { tenantId, requestId, flowId: 'main' });
    expect(await refusal(ask('getFlow', { tenantId, flowId: 'main' }))).toBe('NOT_FOUND FLOW_NOT_FOUND');
  });

  it('makes tenants, lists and deletes them', async () => {
    const put = { tenantId: 'new', requestId, json: '{"enabled":false}', expectedRevision: 0 };
    expect((await ask('putTenant', put)).tenant).toMatchObject({ tenantId: 'new', enabled: false });
    expect(await refusal(ask('putTenant', put))).toBe('FAILED_PRECONDITION REVISION_CONFLICT');
    expect((await ask('getTenant', { tenantId: 'new' })).tenant?.settings?.json).toContain('"enabled":false');
    const { tenants } = await ask('listTenants', { query: query({ filter: 'enabled eq false' }) });
    expect(tenants).toEqual([{ tenantId: 'new', settings: undefined, enabled: false }]);
    await ask('deleteTenant', { tenantId: 'new', requestId });
    expect(await refusal(ask('deleteTenant', { tenantId: 'new', requestId }))).toBe('NOT_FOUND TENANT_NOT_FOUND');
  });

  it('knows no tenant that is not there, and none without a name', async () => {
    expect(await refusal(ask('getParkServer', { tenantId: 'nobody' }))).toBe('NOT_FOUND TENANT_NOT_FOUND');
    expect(await refusal(ask('getParkServer', { tenantId: '' }))).toBe('INVALID_ARGUMENT INVALID_FIELD tenant_id');
  });
});
