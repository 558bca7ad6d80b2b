import { homeShard } from '@parkade/ids';
import { type CommandAnswer, OnOccupied, Reason, ReleaseCause } from '@parkade/proto';
import { deleteLot, deleteTenant, type WriteResult } from '@parkade/settings';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  describe as kindOf,
  parkOf,
  parkRequest,
  requestId,
  retrieveRequest,
  slotTarget,
} from '../testing/owner-client.js';
import { BENCH_SHARDS, ShardBench } from '../testing/shard-bench.js';

const home = homeShard('acme', 'default', BENCH_SHARDS);
const tenantId = 'acme';
let bench: ShardBench;
beforeEach(async () => {
  bench = await ShardBench.start();
  await bench.own(home);
});
afterEach(() => bench.close());

const park = (slot: string, callId = `call-${slot}`): Promise<CommandAnswer> =>
  bench.send(home, { $case: 'park', value: parkRequest(callId, slotTarget(slot)) });
const slotOf = (slot: string) => ({ $case: 'slot' as const, value: { lotId: '', slot } });

async function gone(write: Promise<WriteResult>): Promise<void> {
  const result = await write;
  if (!result.ok) throw new Error(JSON.stringify(result));
  await bench.settings.waitFor(result.revision, 5_000);
}

describe('calls whose tenant is deleted', () => {
  it('are retrieved by slot and by park id, given back, extended, rung back and released', async () => {
    const ids: string[] = [];
    for (const slot of ['701', '702', '703', '704', '705']) ids.push(parkOf(await park(slot)).parkId);
    const [, byId = '', extended = '', rung = '', released = ''] = ids;
    await gone(deleteTenant(bench.store, tenantId));

    const retrieve = { $case: 'retrieve' as const, value: retrieveRequest(slotOf('701'), 'a') };
    expect(kindOf(await bench.send(home, retrieve))).toBe('park');
    const begin = retrieveRequest({ $case: 'parkId', value: byId }, 'b');
    const { retrieveId } = parkOf(await bench.send(home, { $case: 'beginRetrieve', value: begin }));
    const back = { requestId: requestId(), tenantId, parkId: byId, retrieveId, cause: 'nobody there' };
    expect(kindOf(await bench.send(home, { $case: 'giveBackRetrieve', value: back }))).toBe('park');
    const extend = { requestId: requestId(), tenantId, parkId: extended, recallIn: { seconds: 60, nanos: 0 } };
    expect(kindOf(await bench.send(home, { $case: 'extendPark', value: extend }))).toBe('park');
    const recall = {
      requestId: requestId(),
      tenantId,
      parkId: rung,
      attempt: 1,
      ringMs: 30_000,
      legs: Buffer.alloc(0),
    };
    expect(kindOf(await bench.send(home, { $case: 'beginRecall', value: recall }))).toBe('park');
    const release = { requestId: requestId(), tenantId, parkId: released, cause: ReleaseCause.RELEASED, callId: '' };
    expect(kindOf(await bench.send(home, { $case: 'release', value: release }))).toBe('park');
  });

  it('take nobody with them: nothing new is parked, moved or answered for', async () => {
    const { parkId } = parkOf(await park('701'));
    await gone(deleteTenant(bench.store, tenantId));
    const missing = Reason[Reason.TENANT_NOT_FOUND];
    const renew = { requestId: requestId(), tenantId, parkId };
    expect(kindOf(await bench.send(home, { $case: 'renewPolicy', value: renew }))).toBe(missing);
    expect(kindOf(await park('702'))).toBe(missing);
    const move = { requestId: requestId(), tenantId, parkId, slot: { lotId: '', slot: '703' } };
    expect(kindOf(await bench.send(home, { $case: 'move', value: { request: move, hold: undefined } }))).toBe(missing);
    const empty = retrieveRequest(slotOf('702'), 'a');
    expect(kindOf(await bench.send(home, { $case: 'retrieve', value: empty }))).toBe(missing);
    const { target, onOccupied, ...either } = { ...parkRequest('call-9', slotTarget('702')), beginOnly: false };
    expect(onOccupied).toBe(OnOccupied.UNSPECIFIED);
    const parkOrRetrieve = { ...either, slot: slotOf('702').value, reserve: false };
    expect([
      target?.kind?.$case,
      kindOf(await bench.send(home, { $case: 'parkOrRetrieve', value: parkOrRetrieve })),
    ]).toEqual(['slot', missing]);
    const other = { ...retrieveRequest({ $case: 'parkId', value: parkId }, 'a'), tenantId: 'other' };
    expect(kindOf(await bench.send(home, { $case: 'retrieve', value: other }))).toBe('PARK_NOT_FOUND');
  });

  it('are retrieved where their lot alone is deleted, and an empty slot of it is of no lot', async () => {
    await park('701');
    await gone(deleteLot(bench.store, tenantId, 'default'));
    const retrieve = (slot: string) => ({ $case: 'retrieve' as const, value: retrieveRequest(slotOf(slot), 'a') });
    expect(kindOf(await bench.send(home, retrieve('702')))).toBe('LOT_NOT_FOUND');
    expect(kindOf(await bench.send(home, retrieve('701')))).toBe('park');
  });
});
