import { Client, credentials, status } from '@grpc/grpc-js';
import { keys } from '@parkade/ids';
import { MediaControl, Reason } from '@parkade/proto';
import { callFailure } from '@parkade/rpc';
import { service as healthService } from 'grpc-health-check';
import { afterEach, describe, expect, it } from 'vitest';
import { call, parkRequest, retrieveRequest, says } from './testing/samples.testing.js';
import { TestBed } from './testing/test-bed.testing.js';

let bed: TestBed;
afterEach(() => bed.stop());

describe('bad input through the wire', () => {
  it('is INVALID_ARGUMENT with the field and a sentence, and no owner is asked', async () => {
    bed = await TestBed.start();
    const failure = await bed.failure('park', parkRequest({ call: { ...call, callId: '' } }));
    expect(failure.code).toBe(status.INVALID_ARGUMENT);
    expect(failure.reason).toBe(Reason.INVALID_FIELD);
    expect(failure.metadata).toEqual({ field: 'call.call_id' });
    expect(failure.message).toContain('call.call_id');
    expect(bed.owner.commands).toEqual([]);
  });

  it('is TOO_LARGE past 64 KiB', async () => {
    bed = await TestBed.start();
    for (const bytes of [66_000, 3_000_000]) {
      const failure = await bed.failure('park', parkRequest({ note: 'x'.repeat(bytes) }));
      expect(failure).toMatchObject({ code: status.INVALID_ARGUMENT, reason: Reason.TOO_LARGE });
    }
  });

  it('is MALFORMED_MESSAGE when it does not decode', async () => {
    bed = await TestBed.start();
    const raw = new Client(bed.current.address, credentials.createInsecure());
    const failure = await new Promise((resolve) => {
      const path = '/parkade.park.v1.ParkService/Park';
      raw.makeUnaryRequest(
        path,
        () => Buffer.from([0x1a, 0xff]),
        String,
        {},
        (error) => resolve(callFailure(error)),
      );
    });
    raw.close();
    expect(failure).toMatchObject({ code: status.INVALID_ARGUMENT, reason: Reason.MALFORMED_MESSAGE });
  });

  it('is MEDIA_NODE_UNKNOWN until the media node is registered', async () => {
    bed = await TestBed.start();
    bed.owner.script = () => says.park();
    const request = parkRequest({ mediaControl: MediaControl.CLUSTER });
    expect(await bed.failure('park', request)).toMatchObject({
      code: status.FAILED_PRECONDITION,
      reason: Reason.MEDIA_NODE_UNKNOWN,
    });
    const put = { kind: 'put', key: keys.mediaNode('fs1'), value: Buffer.from('{}') } as const;
    await bed.store.txn({ compare: [], success: [put] });
    await expect.poll(() => bed.call('park', request).catch(() => undefined)).toBeDefined();
  });
});

describe('tenants and lots', () => {
  it('are not found when nobody made them', async () => {
    bed = await TestBed.start();
    const other = await bed.failure('park', parkRequest({ tenantId: 'other' }));
    expect(other).toMatchObject({ code: status.NOT_FOUND, reason: Reason.TENANT_NOT_FOUND });
    const target = { kind: { $case: 'slot' as const, value: { lotId: 'vip', slot: '1' } } };
    const lot = await bed.failure('park', parkRequest({ target }));
    expect(lot).toMatchObject({ reason: Reason.LOT_NOT_FOUND, metadata: { tenant_id: 'acme', lot_id: 'vip' } });
  });

  it('are made with automatic tenants, once for many who ask at the same time', async () => {
    bed = await TestBed.start({ autoTenants: true });
    bed.owner.script = () => says.park();
    const target = { kind: { $case: 'slot' as const, value: { lotId: 'vip', slot: '1' } } };
    const parks = Array.from({ length: 20 }, () => bed.call('park', parkRequest({ tenantId: 'new', target })));
    await Promise.all(parks);
    const lot = await bed.store.get(keys.lot('new', 'vip'));
    expect(lot?.version).toBe(1);
    expect(bed.owner.commands[0]?.settingsRevision).toBeGreaterThanOrEqual(lot?.modRevision ?? Infinity);
  });

  it('have extensions and groups without anybody making a lot', async () => {
    bed = await TestBed.start();
    bed.owner.script = () => says.park();
    const extension = { kind: { $case: 'extension' as const, value: { extension: '201' } } };
    await bed.call('park', parkRequest({ target: extension }));
    await bed.call('park', parkRequest({ target: { kind: { $case: 'group', value: { groupId: 'sales' } } } }));
    await bed.call('retrieve', retrieveRequest({ from: { $case: 'extension', value: { extension: '201' } } }));
    expect(new Set(bed.owner.commands.map(({ shard }) => shard)).size).toBe(1);
  });
});

describe('answers', () => {
  it('of a retrieve and of park-or-retrieve have their own shape', async () => {
    bed = await TestBed.start();
    bed.owner.script = () => says.park();
    expect(await bed.call('beginRetrieve', retrieveRequest())).toMatchObject({ revision: 7, park: { slot: '701' } });
    const { requestId, tenantId, call: theCall, parker, note, mediaControl, overrides } = parkRequest();
    const slot = { lotId: '', slot: '701' };
    const either = {
      requestId,
      tenantId,
      slot,
      call: theCall,
      parker,
      note,
      mediaControl,
      overrides,
      beginOnly: false,
    };
    expect((await bed.call('parkOrRetrieve', either)).outcome?.$case).toBe('parked');
    bed.owner.script = () => ({ $case: 'retrieved', value: { ...parkAnswer() } });
    expect((await bed.call('parkOrRetrieve', either)).outcome?.$case).toBe('retrieved');
  });

  it('that make no sense are INTERNAL, and the gateway goes on', async () => {
    bed = await TestBed.start();
    bed.owner.script = () => undefined;
    expect(await bed.failure('park', parkRequest())).toMatchObject({ code: status.INTERNAL, reason: Reason.INTERNAL });
    bed.owner.script = () => says.park();
    await bed.call('park', parkRequest());
  });
});

describe('a gateway', () => {
  it('is healthy while it serves', async () => {
    bed = await TestBed.start();
    expect(await health(bed.current.address)).toBe('SERVING');
  });

  it('finishes what is under way when it drains, and takes nothing new', async () => {
    bed = await TestBed.start();
    const release: (() => void)[] = [];
    bed.owner.script = () => new Promise((resolve) => release.push(() => resolve(says.park())));
    const answer = bed.call('park', parkRequest());
    await expect.poll(() => release.length).toBe(1);
    const drained = bed.current.drain(5_000);
    expect(await bed.failure('park', parkRequest())).toMatchObject({ code: status.UNAVAILABLE });
    for (const go of release) go();
    await answer;
    await drained;
  });

  it('does not wait longer than the grace when it drains', async () => {
    bed = await TestBed.start();
    bed.owner.script = () => 'silence';
    const failure = bed.failure('park', parkRequest(), 10_000);
    await expect.poll(() => bed.owner.commands.length).toBe(1);
    await bed.current.drain(50);
    expect(await failure).toMatchObject({ code: status.UNAVAILABLE, reason: Reason.DRAINING });
  });
});

function parkAnswer(): Extract<ReturnType<typeof says.park>, { $case: 'park' }>['value'] {
  const answer = says.park();
  if (answer?.$case !== 'park') throw new Error('not a park');
  return answer.value;
}

function health(address: string): Promise<string> {
  const client = new Client(address, credentials.createInsecure());
  const { path, requestSerialize, responseDeserialize } = healthService['Check'] ?? raise();
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, { service: '' }, (error, response) => {
      client.close();
      if (error === null) resolve((response as { status: string }).status);
      else reject(error);
    });
  });
}

function raise(): never {
  throw new Error('the health service has no Check');
}
