import { status } from '@grpc/grpc-js';
import { homeShard } from '@parkade/ids';
import { PresenceType, Reason } from '@parkade/proto';
import { afterEach, describe, expect, it } from 'vitest';
import { TestBed, SHARDS } from '../testing/test-bed.testing.js';
import { park, parkIdIn, parkRequest, retrieveRequest, says } from '../testing/samples.testing.js';

let bed: TestBed;
afterEach(() => bed.stop());

describe('a command through the gateway', () => {
  it('reaches the owner of its shard as the client sent it, and its answer comes back', async () => {
    bed = await TestBed.start();
    bed.owner.script = () => says.park({ slot: '701' });
    const request = parkRequest();
    const response = await bed.call('park', request);
    expect(response).toMatchObject({ revision: 7, park: { slot: '701' } });
    const [command] = bed.owner.commands;
    expect(command?.shard).toBe(homeShard('acme', 'default', SHARDS));
    expect(command?.op).toEqual({ $case: 'park', value: request });
    expect(command?.fingerprint).toBeGreaterThan(0);
    expect(command?.settingsRevision).toBeGreaterThan(0);
  });

  it('finds who is parked in a slot whose tenant is gone from the settings, and parks nobody there', async () => {
    bed = await TestBed.start();
    const parked = { tenantId: 'gone', lotId: 'default', slot: '701', parks: [park({ parkId: parkIdIn(5) })] };
    const slot = { ...parked, revision: 1, presence: PresenceType.EARLY, presenceId: '' };
    bed.owner.list = (asked) => ({
      slots: asked.tenantId === 'gone' && ['', slot.slot].includes(asked.slot) ? [slot] : [],
      more: false,
      shards: Buffer.alloc(512, 0xff),
    });
    bed.owner.script = () => says.park({ slot: '701' });
    expect(await bed.call('retrieve', retrieveRequest({ tenantId: 'gone' }))).toMatchObject({ park: { slot: '701' } });
    expect(bed.owner.commands.map(({ shard }) => shard)).toEqual([5]);
    const list = { tenantId: 'gone', lotId: '', states: [], pageSize: 0, pageToken: '' };
    expect((await bed.call('listSlots', list)).slots).toMatchObject([{ slot: '701' }]);
    const missing = { code: status.NOT_FOUND, reason: Reason.TENANT_NOT_FOUND };
    const elsewhere = { $case: 'slot' as const, value: { lotId: '', slot: '702' } };
    expect(await bed.failure('retrieve', retrieveRequest({ tenantId: 'gone', from: elsewhere }))).toMatchObject(
      missing,
    );
    expect(await bed.failure('park', parkRequest({ tenantId: 'gone' }))).toMatchObject(missing);
    expect(await bed.failure('listSlots', { ...list, tenantId: 'never' })).toMatchObject(missing);
  });

  it('shows a refusal as a canonical code with google.rpc.ErrorInfo', async () => {
    bed = await TestBed.start();
    bed.owner.script = () => says.refusal(Reason.SLOT_OCCUPIED, { slot: '701', state: 'parked' });
    expect(await bed.failure('park', parkRequest())).toEqual({
      code: status.FAILED_PRECONDITION,
      reason: Reason.SLOT_OCCUPIED,
      message: 'refused: SLOT_OCCUPIED',
      metadata: { slot: '701', state: 'parked' },
    });
  });
});
