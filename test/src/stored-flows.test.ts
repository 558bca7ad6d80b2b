import { callUnary } from '@parkade/cli';
import {
  type DeleteFlowRequest,
  type FlowServiceClient,
  type ListFlowsResponse,
  type PutFlowRequest,
  Reason,
  type StoredFlow,
} from '@parkade/proto';
import { keys } from '@parkade/ids';
import { callFailure } from '@parkade/rpc';
import { prefixRange } from '@parkade/store';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BLIND, clock, FlowWorld, requestId } from './support/flow-world.js';

let world: FlowWorld;
let flows: FlowServiceClient;
beforeAll(async () => {
  world = await FlowWorld.start();
  const [client] = world.flows;
  if (client === undefined) throw new Error('no flow process');
  flows = client;
});
afterAll(async () => {
  await world.close();
  expect(world.defects).toEqual([]);
});

const CALL_MS = 15_000;
const inSlot = (slot: string): string => JSON.stringify({ flow: { module: 'park', data: { slot } } });

async function put(flowId: string, json: string, changes: Partial<PutFlowRequest> = {}): Promise<StoredFlow> {
  const request = { requestId: requestId(), tenantId: 'acme', flowId, json, ...changes };
  const { flow } = await callUnary(flows.putFlow.bind(flows), request, CALL_MS, clock);
  if (flow === undefined) throw new Error('answered without the flow');
  return flow;
}

async function get(flowId: string): Promise<StoredFlow | undefined> {
  return (await callUnary(flows.getFlow.bind(flows), { tenantId: 'acme', flowId }, CALL_MS, clock)).flow;
}

function list(pageSize: number, pageToken: string): Promise<ListFlowsResponse> {
  return callUnary(flows.listFlows.bind(flows), { tenantId: 'acme', pageSize, pageToken }, CALL_MS, clock);
}

async function remove(flowId: string, changes: Partial<DeleteFlowRequest> = {}): Promise<void> {
  const request = { requestId: requestId(), tenantId: 'acme', flowId, ...changes };
  await callUnary(flows.deleteFlow.bind(flows), request, CALL_MS, clock);
}

/** Reason, field and path of a refusal. */
async function refusal(asked: Promise<unknown>): Promise<unknown> {
  const failure = await asked.then(
    () => undefined,
    (error: unknown) => callFailure(error),
  );
  const { field, revision, path } = failure?.metadata ?? {};
  return [failure?.reason, field ?? revision, path].filter((part) => part !== undefined);
}

describe('a stored flow', () => {
  it('is given back as it was written, with its revision and the keys that mean nothing here', async () => {
    const text = '{"data":{"slot":"701","color":"red"},"children":{}}';
    const stored = await put('given', text);
    expect(stored).toEqual({
      tenantId: 'acme',
      flowId: 'given',
      json: text,
      revision: stored.revision,
      ignored: ['data.color'],
    });
    expect(stored.revision).toBeGreaterThan(0);
    expect(await get('given')).toEqual(stored);
    // Who stored it is in the audit, as of everything that is asked for through an API.
    const { kvs } = await world.store.range(prefixRange(keys.tenantAudit('acme')));
    const records = kvs.map(
      ({ value }) => JSON.parse(Buffer.from(value).toString()) as { readonly things: readonly string[] },
    );
    expect(records.find(({ things }) => things.includes('flows/given'))).toMatchObject({
      operation: 'FlowService/PutFlow',
      principal: 'anybody',
    });
  });

  it('is executed by its id, as it was written last, until it is deleted', async () => {
    await put('used', inSlot('701'));
    expect(await world.hear('a', 'used', { wayIn: BLIND })).toMatchObject({ outcome: 'PARKED', slot: '701' });
    await put('used', inSlot('702'));
    await expect.poll(() => world.hear('b', 'used', { wayIn: BLIND })).toMatchObject({ slot: '702' });
    await remove('used');
    await expect.poll(() => refusal(world.execute('c', 'used'))).toEqual([Reason.FLOW_NOT_FOUND]);
    expect(await refusal(get('used'))).toEqual([Reason.FLOW_NOT_FOUND]);
  });

  it('is replaced and deleted only at the revision that is expected', async () => {
    const first = await put('guarded', inSlot('701'), { expectedRevision: 0 });
    expect(await refusal(put('guarded', inSlot('702'), { expectedRevision: 0 }))).toEqual([
      Reason.REVISION_CONFLICT,
      String(first.revision),
    ]);
    const second = await put('guarded', inSlot('702'), { expectedRevision: first.revision });
    expect(await refusal(put('guarded', inSlot('703'), { expectedRevision: first.revision }))).toEqual([
      Reason.REVISION_CONFLICT,
      String(second.revision),
    ]);
    expect(await refusal(remove('guarded', { expectedRevision: first.revision }))).toEqual([
      Reason.REVISION_CONFLICT,
      String(second.revision),
    ]);
    expect((await get('guarded'))?.json).toBe(inSlot('702'));
    await remove('guarded', { expectedRevision: second.revision });
  });

  it('is stored once, and deleted once, however often that is asked for', async () => {
    const once = { expectedRevision: 0, requestId: requestId() };
    const first = await put('once', inSlot('701'), once);
    expect(await put('once', inSlot('701'), once)).toEqual(first);
    const gone = { expectedRevision: first.revision, requestId: requestId() };
    await remove('once', gone);
    await remove('once', gone);
  });

  it('is listed with the others, page by page', async () => {
    const ids = ['list-a', 'list-b', 'list/c', 'list-d', 'list-e'];
    for (const id of ids) await put(id, inSlot('701'));
    const seen: string[] = [];
    let token = '';
    do {
      const page = await list(2, token);
      expect(page.flows.length).toBeLessThanOrEqual(2);
      seen.push(...page.flows.map(({ flowId }) => flowId));
      token = page.nextPageToken;
    } while (token !== '');
    expect(seen.filter((id) => id.startsWith('list')).toSorted()).toEqual(ids.toSorted());
    expect(new Set(seen).size).toBe(seen.length);
  });
});

describe('a flow that makes no sense is refused', () => {
  it.each<[what: string, flowId: string, json: string, changes: Partial<PutFlowRequest>, expected: unknown]>([
    ['no JSON', 'x', '{', {}, [Reason.INVALID_FIELD, 'json']],
    [
      'an unknown child',
      'x',
      '{"children":{"_":{"module":"vm"}}}',
      {},
      [Reason.INVALID_FIELD, 'json', 'children._.module'],
    ],
    [
      'a time in seconds',
      'x',
      '{"data":{"default_ringback_timeout":60}}',
      {},
      [Reason.INVALID_FIELD, 'json', 'data.default_ringback_timeout'],
    ],
    [
      'a ring group that is not there',
      'x',
      '{"children":{"_":{"module":"ring_group","data":{"id":"g"}}}}',
      {},
      [Reason.INVALID_FIELD, 'json', 'children._.data.id'],
    ],
    ['no id', '', '{}', {}, [Reason.INVALID_FIELD, 'flow_id']],
    ['no tenant', 'x', '{}', { tenantId: '' }, [Reason.INVALID_FIELD, 'tenant_id']],
    ['another tenant', 'x', '{}', { tenantId: 'nobody' }, [Reason.TENANT_NOT_FOUND]],
    ['no request id', 'x', '{}', { requestId: '1' }, [Reason.REQUEST_ID_INVALID, 'request_id']],
  ])('%s', async (_, flowId, json, changes, expected) => {
    expect(await refusal(put(flowId, json, changes))).toEqual(expected);
    expect(await refusal(get('x'))).toEqual([Reason.FLOW_NOT_FOUND]);
  });

  it('and its pages too', async () => {
    expect(await refusal(list(1_001, ''))).toEqual([Reason.INVALID_FIELD, 'page_size']);
    expect(await refusal(list(1, Buffer.from('a b').toString('base64url')))).toEqual([Reason.TOKEN_INVALID]);
  });
});
