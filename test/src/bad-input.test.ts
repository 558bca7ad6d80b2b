import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { keys } from '@parkade/ids';
import { MediaControl, type ParkRequest, ParkServiceService, Reason } from '@parkade/proto';
import { callFailure } from '@parkade/rpc';
import { prefixRange } from '@parkade/store';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { failureOf, park, parkRequest, pick, requestId, retrieve, retrieveRequest } from './support/calls.js';
import { CommandStream } from './support/command-stream.js';
import { storedSlots } from './support/stored-slots.js';
import { withCluster } from './support/with-cluster.js';

const TENANT = 'acme';
const cluster = withCluster({
  owners: 1,
  shards: 8,
  autoTenants: false,
  settings: { tenants: { [TENANT]: { lots: { default: { ranges: [{ first: '701', last: '720' }] } } } } },
});

/** Everything that bad input could change: slots, tenants and their lots. */
async function stored(): Promise<unknown> {
  const { store } = cluster();
  const slots = (await storedSlots(store)).map(({ key, revision }) => [key, revision]);
  const { kvs } = await store.range(prefixRange(keys.tenants));
  return [slots, kvs.map(({ key, modRevision }) => [key, modRevision])];
}

interface Bad {
  readonly what: string;
  readonly request: () => ParkRequest;
  readonly code: status;
  readonly reason: Reason;
  /** Part of the sentence. */
  readonly says: RegExp;
}

const good = (): ParkRequest => parkRequest(TENANT, '703', 'call-1');
const inSlot = (slot: string) => (): ParkRequest => parkRequest(TENANT, slot, 'call-1');
const { INVALID_ARGUMENT, NOT_FOUND, FAILED_PRECONDITION } = status;

const BAD: readonly Bad[] = [
  {
    what: 'an unknown tenant, without automatic tenants',
    request: () => parkRequest('nobody', '703', 'call-1'),
    code: NOT_FOUND,
    reason: Reason.TENANT_NOT_FOUND,
    says: /nobody/,
  },
  {
    what: 'a slot the lot does not have',
    request: inSlot('999'),
    code: NOT_FOUND,
    reason: Reason.SLOT_NOT_FOUND,
    says: /999/,
  },
  { what: 'an empty slot', request: inSlot(''), code: INVALID_ARGUMENT, reason: Reason.INVALID_FIELD, says: /slot/ },
  {
    what: 'a slot with a blank in it',
    request: inSlot('70 1'),
    code: INVALID_ARGUMENT,
    reason: Reason.INVALID_FIELD,
    says: /slot/,
  },
  {
    what: 'a slot id of 10 kB',
    request: inSlot('7'.repeat(10_240)),
    code: INVALID_ARGUMENT,
    reason: Reason.INVALID_FIELD,
    says: /slot/,
  },
  {
    what: 'control characters in a slot',
    request: inSlot('701\u0000\u001b[31m'),
    code: INVALID_ARGUMENT,
    reason: Reason.INVALID_FIELD,
    says: /slot/,
  },
  {
    what: 'control characters in a note',
    request: () => ({ ...good(), note: 'line\r\nbreak' }),
    code: INVALID_ARGUMENT,
    reason: Reason.INVALID_FIELD,
    says: /note/,
  },
  {
    what: 'no call id',
    request: () => parkRequest(TENANT, '703', ''),
    code: INVALID_ARGUMENT,
    reason: Reason.INVALID_FIELD,
    says: /call/,
  },
  {
    what: 'no target',
    request: () => ({ ...good(), target: undefined }),
    code: INVALID_ARGUMENT,
    reason: Reason.INVALID_FIELD,
    says: /target/,
  },
  {
    what: 'a media node nobody has registered, to be driven by the cluster',
    request: () => ({ ...good(), mediaControl: MediaControl.CLUSTER }),
    code: FAILED_PRECONDITION,
    reason: Reason.MEDIA_NODE_UNKNOWN,
    says: /node-1/,
  },
  {
    what: 'a request id that is no UUIDv7',
    request: () => ({ ...good(), requestId: 'again' }),
    code: INVALID_ARGUMENT,
    reason: Reason.REQUEST_ID_INVALID,
    says: /UUIDv7/,
  },
  {
    what: 'a message larger than the limit',
    request: () => ({ ...good(), note: 'x'.repeat(100_000) }),
    code: INVALID_ARGUMENT,
    reason: Reason.TOO_LARGE,
    says: /bytes/,
  },
];

describe('bad input', () => {
  let before: unknown;
  beforeEach(async () => {
    before = await stored();
  });
  afterEach(async () => {
    expect(await stored()).toEqual(before);
    expect(cluster().processes.filter(({ exitCode }) => exitCode !== undefined)).toEqual([]);
  });

  it.each(BAD)('is refused with code, reason and sentence, and changes nothing: $what', async (bad) => {
    const { clients } = cluster();
    for (const client of clients) {
      const { code, reason, message } = await failureOf(park(client, bad.request()));
      expect([status[code], Reason[reason ?? 0]]).toEqual([status[bad.code], Reason[bad.reason]]);
      expect(message).toMatch(bad.says);
      expect(message.length, 'a sentence, not the input sent back').toBeLessThan(500);
    }
  });

  it('on a Commands stream is refused like alone, and the stream goes on', async () => {
    const stream = new CommandStream(pick(cluster().clients, 0));
    for (const bad of BAD) {
      const answer = await stream.send({ $case: 'park', value: bad.request() }, 5_000);
      if (answer.$case !== 'error') throw new Error(`not refused: ${bad.what}`);
      const { code, reason } = answer.value;
      expect([bad.what, status[code], Reason[reason]]).toEqual([bad.what, status[bad.code], Reason[bad.reason]]);
    }
    stream.close();
  });

  it('as raw garbage instead of a message is refused as malformed', async () => {
    for (const [i, address] of cluster().addresses.entries()) {
      const client = new Client(address, credentials.createInsecure());
      const garbage = Buffer.from([0xff, 0xff, 0xff, 0x07, 0x0a, 0xff, 0x00, i]);
      const error = await new Promise<ServiceError | null>((resolve) => {
        const { path } = ParkServiceService.park;
        const bytes = (value: Buffer): Buffer => value;
        client.makeUnaryRequest(
          path,
          bytes,
          bytes,
          garbage,
          new Metadata(),
          { deadline: Date.now() + 10_000 },
          resolve,
        );
      });
      client.close();
      const { code, reason, message } = callFailure(error);
      expect([status[code], Reason[reason ?? 0]]).toEqual(['INVALID_ARGUMENT', 'MALFORMED_MESSAGE']);
      expect(message).toMatch(/could not be decoded/);
    }
  });

  it('far beyond every limit is refused before it is read', async () => {
    const { code, message } = await failureOf(
      park(pick(cluster().clients, 0), { ...good(), note: 'x'.repeat(5_000_000) }),
    );
    expect([status[code], message.length > 0]).toEqual(['RESOURCE_EXHAUSTED', true]);
  });
});

it('refuses a request id that was used for another request, through either gateway, and changes nothing', async () => {
  const { clients } = cluster();
  const id = requestId();
  const first = { ...parkRequest(TENANT, '705', 'call-5'), requestId: id };
  const parked = await park(pick(clients, 0), first);
  const before = await stored();
  for (const client of clients) {
    const other = { ...parkRequest(TENANT, '706', 'call-6'), requestId: id };
    const { code, reason, message } = await failureOf(park(client, other));
    expect([status[code], Reason[reason ?? 0]]).toEqual(['INVALID_ARGUMENT', 'REQUEST_ID_REUSED']);
    expect(message).not.toBe('');
  }
  expect(await stored()).toEqual(before);
  const again = await park(pick(clients, 1), first);
  expect(again.parkId).toBe(parked.parkId);
  await retrieve(pick(clients, 1), retrieveRequest(TENANT, '705', 'retriever'));
});
