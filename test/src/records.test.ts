import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { credentials } from '@grpc/grpc-js';
import { callUnary } from '@parkade/cli';
import { SystemClock } from '@parkade/clock';
import { keys, stableHash } from '@parkade/ids';
import { ListParkHistoryRequest, Owner, type ParkLife } from '@parkade/proto';
import { ListAuditRecordsRequest, PutWebhookRequest, RecordsServiceClient } from '@parkade/proto/admin';
import type { EventMessage } from '@parkade/presence';
import { prefixRange } from '@parkade/store';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { park, parkRequest, retrieve, retrieveRequest } from './support/calls.js';
import { withCluster } from './support/with-cluster.js';

const WITHIN = { timeout: 60_000, interval: 100 };
const CALL_MS = 15_000;
const SLOTS = ['701', '702', '703', '704'];
const ROUNDS = 10;
/** Parked in until the webhook is told of it. */
const FIRST_SLOT = '705';
const PARTITIONS = 16;

const clock = new SystemClock();
const cluster = withCluster({ owners: 1, gateways: 2, shards: 16 });
const events: EventMessage[] = [];
let receiver: Server;
let records: RecordsServiceClient;
let firstParks = 0;

beforeAll(async () => {
  receiver = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      events.push((JSON.parse(body) as { data: EventMessage }).data);
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  records = new RecordsServiceClient(cluster().addresses[0] ?? '', credentials.createInsecure());
  for (const name of ['records-1', 'records-2']) {
    const args = ['records', '--nats', cluster().nats, '--member-id', name, '--lease-ttl', '2s'];
    await cluster()
      .start(name, [...args, '--webhook-private-targets'])
      .printed(/^listening on/m);
  }
}, 120_000);
afterAll(async () => {
  records.close();
  receiver.closeAllConnections();
  await new Promise((resolve) => receiver.close(resolve));
});

/** Parks in a slot and retrieves. */
async function parkOnce(slot: string, round: number): Promise<void> {
  const [client] = cluster().clients;
  if (client === undefined) throw new Error('no gateway');
  await park(client, parkRequest('acme', slot, `call-${slot}-${round}`));
  await retrieve(client, retrieveRequest('acme', slot, `taker-${slot}-${round}`));
}

/** Resolves when the webhook is told of what happens. */
async function heard(): Promise<void> {
  await vi.waitFor(async () => {
    await parkOnce(FIRST_SLOT, firstParks++);
    expect(events).not.toEqual([]);
  }, WITHIN);
}

/** Parks in each slot and retrieves, so many times. */
async function rounds(from: number, to: number): Promise<void> {
  for (let round = from; round < to; round++) await Promise.all(SLOTS.map((slot) => parkOnce(slot, round)));
}

/** What a gateway says of the past. */
async function history(gateway: number, query: Partial<ListParkHistoryRequest> = {}): Promise<readonly ParkLife[]> {
  const client = cluster().clients[gateway];
  if (client === undefined) throw new Error('no such gateway');
  const request = ListParkHistoryRequest.fromPartial({ tenantId: 'acme', pageSize: 1_000, ...query });
  return (await callUnary(client.listParkHistory.bind(client), request, CALL_MS, clock)).parks;
}

/** The records process that serves the tenant now. */
async function recorder(): Promise<string> {
  const { kvs } = await cluster().store.range(prefixRange(keys.owners('records')));
  const own = kvs.find(({ key }) => Number(key.split('/').at(-1)) === stableHash('acme') % PARTITIONS);
  return own === undefined ? '' : Owner.decode(own.value).memberId;
}

it('tells every park once and every event to a webhook in order, though the process that does is killed in the middle', async () => {
  const webhook = { id: 'crm', url: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`, enabled: true };
  const put = PutWebhookRequest.fromPartial({ tenantId: 'acme', webhook });
  expect((await callUnary(records.putWebhook.bind(records), put, CALL_MS, clock)).secret).toMatch(/^whsec_/);
  await vi.waitFor(async () => expect(await recorder()).toMatch(/^records-/), WITHIN);
  await heard();
  const ofSlots = (): readonly EventMessage[] => events.filter(({ slot }) => SLOTS.includes(slot));
  await rounds(0, ROUNDS / 2);
  await vi.waitFor(() => expect(ofSlots().length).toBeGreaterThan(4), WITHIN);
  await cluster().kill(await recorder(), 'SIGKILL');
  await rounds(ROUNDS / 2, ROUNDS);

  const parks = SLOTS.length * ROUNDS;
  const ended = async (gateway: number): Promise<readonly ParkLife[]> =>
    (await history(gateway)).filter(({ outcome, slot }) => outcome === 'retrieved' && slot !== FIRST_SLOT);
  await vi.waitFor(async () => expect(await ended(0)).toHaveLength(parks), WITHIN);
  expect(await history(1)).toEqual(await history(0));
  for (const { steps, call, retriever } of await history(0)) {
    expect(steps.map(({ kind }) => kind)).toEqual(['parked', 'retrieved']);
    expect(retriever?.callId).toBe(call?.callId.replace('call', 'taker'));
  }
  expect((await history(1, { callId: 'call-702-3' })).map(({ slot }) => slot)).toEqual(['702']);
  expect(await history(1, { callId: 'call-702-3', tenantId: 'other' })).toEqual([]);

  // One park and one retrieve each; told again from some place on, but never in another order.
  await vi.waitFor(() => expect(new Set(ofSlots().map(({ id }) => id)).size).toBe(2 * parks), WITHIN);
  for (const slot of SLOTS) {
    const revisions = [...new Set(events.filter((event) => event.slot === slot).map(({ revision }) => revision))];
    expect(revisions).toEqual([...revisions].sort((a, b) => a - b));
  }
});

it('names who changed and who took what, once, without what they changed', async () => {
  const request = ListAuditRecordsRequest.fromPartial({ tenantId: 'acme', pageSize: 1_000 });
  const audit = async () => (await callUnary(records.listAuditRecords.bind(records), request, CALL_MS, clock)).records;
  await vi.waitFor(async () => expect(await audit()).toHaveLength(2 + SLOTS.length * ROUNDS + firstParks), WITHIN);
  const all = await audit();
  const [change, ...others] = all.filter(({ operation }) => operation === 'RecordsService/PutWebhook');
  expect([change?.things, change?.principal, change?.revisionBefore, others]).toEqual([
    ['webhooks/crm'],
    'anybody',
    0,
    [],
  ]);
  const takes = all.filter(({ kind }) => kind === 'retrieved');
  expect(takes).toHaveLength(SLOTS.length * ROUNDS + firstParks);
  for (const { operation, peer, revisionBefore, revisionAfter } of takes) {
    expect([operation, peer.startsWith('127.0.0.1:')]).toEqual(['ParkService/Retrieve', true]);
    expect(revisionAfter).toBeGreaterThan(revisionBefore);
  }
  expect(JSON.stringify(all)).not.toContain('whsec_');
});

it('knows all of it after NATS and a gateway were started again', async () => {
  const before = await history(0);
  await cluster().natsServer.restart();
  await cluster().kill('gateway-2', 'SIGKILL');
  await cluster().startGateway('gateway-2');
  await vi.waitFor(async () => expect(await history(1)).toEqual(before), WITHIN);
});
