import type { Client } from '@grpc/grpc-js';
import { newDevKey, withToken } from '@parkade/identity';
import { GetParkRequest, ParkRequest, type ParkServiceClient, Reason, RetrieveRequest } from '@parkade/proto';
import { callFailure } from '@parkade/rpc';
import { callUnary, openParkClient } from '@parkade/cli';
import { SystemClock } from '@parkade/clock';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { grpcOperations } from './grpc-operations.js';
import { restOperations } from './rest-operations.js';
import type { Caller, Operation, Outcome } from './operations.js';
import { type Part, PEER_OPTIONS, type SecuredCluster, startSecuredCluster } from './secured-cluster.js';

/** What an operation needs: a role in its tenant, to be an operator or a process, or only to be somebody (its messages are asked). */
type Needs = 'view' | 'park' | 'retrieve' | 'admin' | 'operator' | 'process' | 'anybody';

/**
 * Every operation of every API, and what it needs. An operation that is not in here, or is in here and does not exist, fails the
 * suite. Written down a second time on purpose: the product has a table of its own.
 */
const TABLE: Readonly<Record<string, Needs>> = {
  ...rows('/parkade.park.v1.ParkService/', {
    park: [
      'Park',
      'Reserve',
      'CompleteReservation',
      'ParkOrRetrieve',
      'Release',
      'MovePark',
      'ExtendPark',
      'RenewPolicy',
    ],
    retrieve: ['Retrieve', 'BeginRetrieve', 'ConfirmRetrieve', 'GiveBackRetrieve', 'ClaimPickup'],
    view: ['GetSlot', 'GetPark', 'ListSlots', 'ListParkHistory', 'WatchSlots'],
    anybody: ['Commands'],
  }),
  ...rows('/parkade.park.v1.ParkService/Commands#', {
    park: [
      'park',
      'reserve',
      'completeReservation',
      'parkOrRetrieve',
      'release',
      'movePark',
      'extendPark',
      'renewPolicy',
    ],
    retrieve: ['retrieve', 'beginRetrieve', 'confirmRetrieve', 'giveBackRetrieve', 'claimPickup'],
    view: ['getSlot'],
  }),
  ...rows('/parkade.recall.v1.RecallService/', {
    park: ['RecallNow', 'CancelRecall', 'MoveDeadline'],
    view: ['ListDeadlines'],
  }),
  ...rows('/parkade.flow.v1.FlowService/', {
    park: ['ExecuteParkAction'],
    admin: ['PutFlow', 'DeleteFlow'],
    view: ['GetFlow', 'ListFlows'],
  }),
  ...rows('/parkade.admin.v1.AdminService/', {
    admin: [
      ...['UpdateParkServer', 'CreateGroup', 'UpdateGroup', 'DeleteGroup', 'AddMember', 'RemoveMember'],
      ...['CreateUser', 'UpdateUser', 'DeleteUser', 'PutRingGroup', 'DeleteRingGroup', 'PutLot', 'DeleteLot'],
      ...['PutFlow', 'DeleteFlow', 'PutTenantSettings', 'UpdateFeatureCodes'],
      ...['CreatePromptFile', 'DeletePromptFile'],
    ],
    view: [
      ...['GetParkServer', 'GetGroup', 'ListGroups', 'ListMembers', 'GetUser', 'ListUsers'],
      ...['GetRingGroup', 'ListRingGroups', 'GetLot', 'ListLots'],
      ...['GetFlow', 'ListFlows', 'GetTenantSettings', 'GetFeatureCodes'],
      ...['GetPromptFile', 'ListPromptFiles'],
    ],
    operator: ['PutTenant', 'GetTenant', 'DeleteTenant', 'ListTenants', 'GetTenantQuotas', 'PutTenantQuotas'],
  }),
  ...rows('/parkade.admin.v1.RecordsService/', {
    admin: [
      ...['ListAuditRecords', 'PutWebhook', 'GetWebhook', 'ListWebhooks', 'DeleteWebhook'],
      ...['ListDeadLetters', 'ReplayDeadLetters'],
    ],
  }),
  ...rows('/parkade.media.v1.MediaNodeService/', {
    process: [
      ...['RingLeg', 'CancelLeg', 'GetLeg', 'WatchLegs', 'ConnectLeg', 'TransferCall', 'HoldCall', 'HangUpCall'],
      ...['TakeCall', 'FetchCall'],
    ],
  }),
  ...rows('/parkade.ownership.v1.OwnershipService/', { process: ['HandOff'] }),
  ...rows('/parkade.slot.v1.SlotShardService/', { process: ['Exchange', 'FollowShard', 'ListOwned'] }),
  ...rows('GET ', {
    view: [
      ...['/call_park', '/call_park_groups', '/call_park_groups/{id}', '/call_park_groups/{id}/members'],
      ...['/users', '/users/{extension_number}', '/ring_groups', '/ring_groups/{id}', '/lots', '/lots/{id}'],
      ...['/flows', '/flows/{id}', '/tenant_settings', '/feature_codes'],
      ...['/prompt_files', '/prompt_files/{id}', '/prompt_files/{id}/content'],
      ...['/slots', '/slots/{lot_id}/{slot}', '/parks/{park_id}', '/park_history'],
    ],
    admin: ['/audit_records', '/webhooks', '/webhooks/{id}', '/webhooks/{id}/dead_letters'],
    operator: ['/tenants', '/tenants/{id}', '/tenants/{id}/quotas'],
  }),
  ...rows('POST ', {
    park: [
      '/parks',
      '/parks/{park_id}/move',
      '/parks/{park_id}/extend',
      '/parks/{park_id}/renew_policy',
      '/parks/{park_id}/release',
    ],
    retrieve: ['/parks/{park_id}/retrieve', '/slots/{lot_id}/{slot}/retrieve'],
    admin: [
      ...['/call_park', '/call_park_groups', '/call_park_groups/{id}', '/call_park_groups/{id}/destroy'],
      ...['/call_park_groups/{id}/members/{extension_number}'],
      ...['/call_park_groups/{id}/members/{extension_number}/destroy'],
      ...['/users', '/users/{extension_number}', '/users/{extension_number}/destroy'],
      ...['/ring_groups/{id}', '/ring_groups/{id}/destroy', '/lots/{id}', '/lots/{id}/destroy'],
      ...['/flows/{id}', '/flows/{id}/destroy', '/tenant_settings', '/feature_codes'],
      ...['/webhooks/{id}', '/webhooks/{id}/destroy', '/webhooks/{id}/replay'],
      ...['/prompt_files', '/prompt_files/{id}/destroy'],
    ],
    operator: ['/tenants/{id}', '/tenants/{id}/destroy', '/tenants/{id}/quotas'],
  }),
};

const PLACES: Readonly<Record<string, Part>> = {
  'parkade.park.v1.ParkService': 'gateway',
  'parkade.admin.v1.AdminService': 'gateway',
  'parkade.admin.v1.RecordsService': 'gateway',
  'parkade.recall.v1.RecallService': 'recall',
  'parkade.flow.v1.FlowService': 'flow',
  'parkade.media.v1.MediaNodeService': 'media',
  'parkade.ownership.v1.OwnershipService': 'slot-shard',
  'parkade.slot.v1.SlotShardService': 'slot-shard',
};

const HOUR_MS = 3_600_000;
const clock = new SystemClock();
let cluster: SecuredCluster;
const opened: Client[] = [];
let operations: readonly Operation[];
let callers: Readonly<Record<string, Caller>>;

beforeAll(async () => {
  cluster = await startSecuredCluster();
  const grpc = grpcOperations({
    address: (service) => {
      const part = PLACES[service];
      return part === undefined ? undefined : cluster.addresses[part];
    },
    channel: (certificate) => cluster.channel(certificate ? 'process' : undefined),
    opened: (client) => opened.push(client),
  });
  operations = [...grpc, ...(await restOperations(cluster.rest))];
  const all = inTenant('acme', 'park', 'retrieve', 'view', 'admin');
  callers = {
    nobody: {},
    expired: { token: await token(all, { expiresAtMs: clock.nowMs() - HOUR_MS }) },
    'meant for others': { token: await token(all, { audience: 'another-service' }) },
    'of another issuer': { token: await token(all, { issuer: 'somebody' }) },
    'signed by a stranger': { token: await token(all, {}, await newDevKey()) },
    'of another tenant': { token: await token(inTenant('other', 'admin')) },
    viewer: { token: await token(inTenant('acme', 'view')) },
    administrator: { token: await token(all) },
    process: { certificate: true },
  };
}, 120_000);
afterAll(async () => {
  for (const client of opened) client.close();
  await cluster.stop();
});

function inTenant(tenantId: string, ...roles: readonly string[]): unknown {
  return { tenants: { [tenantId]: { roles } } };
}

function token(
  rights: unknown,
  changes: { readonly expiresAtMs?: number; readonly audience?: string; readonly issuer?: string } = {},
  key = cluster.key,
): Promise<string> {
  const nowMs = clock.nowMs();
  return key.mint({ subject: 'somebody', rights, nowMs, expiresAtMs: nowMs + HOUR_MS, ...changes });
}

function expected(name: string, caller: string, needs: Needs): Outcome {
  // Certificates are for processes, and processes speak gRPC.
  if (caller === 'process' && /^[A-Z]+ /.test(name)) return 'unauthenticated';
  // Parts that serve processes alone know no tokens at all.
  if (needs === 'process') return caller === 'process' ? 'served' : 'unauthenticated';
  if (needs === 'operator' && ['of another tenant', 'viewer', 'administrator'].includes(caller)) return 'denied';
  switch (caller) {
    case 'of another tenant':
      return needs === 'anybody' ? 'served' : 'no-tenant';
    case 'viewer':
      return needs === 'view' || needs === 'anybody' ? 'served' : 'denied';
    case 'administrator':
    case 'process':
      return 'served';
    default:
      return 'unauthenticated';
  }
}

function rows(prefix: string, named: Partial<Record<Needs, readonly string[]>>): Record<string, Needs> {
  const all = Object.entries(named) as [Needs, readonly string[]][];
  return Object.fromEntries(all.flatMap(([needs, names]) => names.map((name) => [`${prefix}${name}`, needs])));
}

describe('the isolation matrix', () => {
  it('has a row for every operation there is, and for no other', () => {
    expect(operations.map(({ name }) => name).sort()).toEqual(Object.keys(TABLE).sort());
  });

  it('answers every kind of caller of every operation as its row says', async () => {
    const asked = operations.flatMap((operation) => {
      const needs = TABLE[operation.name];
      if (needs === undefined) return [];
      return Object.entries(callers).map(async ([who, caller]) => {
        const want = `${operation.name} for ${who}: ${expected(operation.name, who, needs)}`;
        const got = `${operation.name} for ${who}: ${await operation.call(caller)}`;
        return { want, got };
      });
    });
    const answered = await Promise.all(asked);
    expect(answered.map(({ got }) => got)).toEqual(answered.map(({ want }) => want));
  }, 120_000);
});

describe('a cluster with tokens and certificates throughout', () => {
  it('parks and retrieves a call with a token from the command line, and says why without one', async () => {
    const { token = '' } = callers['administrator'] ?? {};
    const parked = await cluster.parkade(token, 'park', '--slot', '701', '--call-id', 'c1', '--caller-name', 'Ada');
    expect([parked.code, parked.stderr]).toEqual([0, '']);
    expect((await cluster.parkade(token, 'retrieve', '--slot', '701', '--call-id', 'c2')).stdout).toMatch(/^Ada/);
    const refused = await cluster.parkade(undefined, 'slots');
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringMatching(/UNAUTHENTICATED: A token is needed/)]);
  });

  it('keeps somebody with rights in one lot to that lot, also by the id of a park', async () => {
    const inLots = { tenants: { acme: { lots: { sales: ['park', 'retrieve', 'view'] } } } };
    const as = async (rights: unknown): Promise<ParkServiceClient> => {
      const options = { ...PEER_OPTIONS, interceptors: [withToken(await token(rights))] };
      return openParkClient(cluster.addresses.gateway, { credentials: cluster.channel(), options });
    };
    const [all, sales] = [await as(inTenant('acme', 'admin')), await as(inLots)];
    const park = async (lotId: string): Promise<string> => {
      const target = { kind: { $case: 'lot' as const, value: { lotId } } };
      const call = { mediaNode: 'n', callId: `in-${lotId}` };
      const request = ParkRequest.fromPartial({ tenantId: 'acme', target, call });
      return (await callUnary(all.park.bind(all), request, 30_000, clock)).park?.parkId ?? '';
    };
    const [own, foreign] = [await park('sales'), await park('default')];
    const outcome = (answer: Promise<unknown>): Promise<string> =>
      answer.then(
        () => 'ok',
        (error: unknown) => Reason[callFailure(error).reason ?? Reason.UNSPECIFIED],
      );
    const get = (parkId: string): Promise<string> => {
      const by = { $case: 'parkId' as const, value: parkId };
      return outcome(
        callUnary(sales.getPark.bind(sales), GetParkRequest.fromPartial({ tenantId: 'acme', by }), 30_000, clock),
      );
    };
    const retrieve = (parkId: string): Promise<string> => {
      const from = { $case: 'parkId' as const, value: parkId };
      const request = RetrieveRequest.fromPartial({
        tenantId: 'acme',
        from,
        retriever: { mediaNode: 'n', callId: 'r' },
      });
      return outcome(callUnary(sales.retrieve.bind(sales), request, 30_000, clock));
    };
    expect([await get(foreign), await retrieve(foreign)]).toEqual(Array(2).fill('PERMISSION_DENIED'));
    expect([await get(own), await retrieve(own)]).toEqual(['ok', 'ok']);
    all.close();
    sales.close();
  });

  it('says no credentials in any log', () => {
    const said = cluster.processes.map((one) => one.stdout() + one.stderr()).join('\n');
    const secrets = Object.values(callers).flatMap(({ token = '' }) => token.split('.').filter((part) => part !== ''));
    expect(secrets.length).toBeGreaterThan(20);
    const found = [...secrets, cluster.key.clusterToken, 'secret-of-the-switch'].filter((part) => said.includes(part));
    expect(found).toEqual([]);
  });
});
