import { homeShard } from '@parkade/ids';
import { type CommandAnswer, Reason, ReleaseCause } from '@parkade/proto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  call,
  describe as kindOf,
  parkOf,
  parkRequest,
  requestId,
  retrieveRequest,
  slotTarget,
} from '../testing/owner-client.js';
import { BENCH_SHARDS, ShardBench } from '../testing/shard-bench.js';

const home = homeShard('acme', 'default', BENCH_SHARDS);
let bench: ShardBench;
beforeEach(async () => {
  bench = await ShardBench.start();
  await bench.own(home);
});
afterEach(() => bench.close());

async function reserve(slot: string): Promise<string> {
  const { onOccupied, ...request } = parkRequest('consult', slotTarget(slot));
  expect(onOccupied).toBe(0);
  return parkOf(await bench.send(home, { $case: 'reserve', value: request })).parkId;
}

const complete = (parkId: string, callId: string): Promise<CommandAnswer> => {
  const value = { requestId: requestId(), tenantId: 'acme', parkId, call: call(callId) };
  return bench.send(home, { $case: 'completeReservation', value });
};

const already = Reason[Reason.CALL_ALREADY_PARKED];

describe('the completion of an attended transfer (R10)', () => {
  it('parks a caller once where its reservation has ended, also when it is asked for under another id', async () => {
    const parkId = await reserve('701');
    const release = { requestId: requestId(), tenantId: 'acme', parkId, cause: ReleaseCause.ABANDONED, callId: '' };
    parkOf(await bench.send(home, { $case: 'release', value: release }));
    const first = parkOf(await complete(parkId, 'caller'));
    const again = await complete(parkId, 'caller');
    expect(kindOf(again)).toBe(already);
    expect(again.result).toMatchObject({ value: { metadata: { park_id: first.parkId } } });
  });

  it('is refused once the transfer was completed and its caller fetched: he is parked nowhere again', async () => {
    const parkId = await reserve('701');
    parkOf(await complete(parkId, 'caller'));
    const retrieve = {
      $case: 'retrieve' as const,
      value: retrieveRequest({ $case: 'parkId', value: parkId }, 'phone'),
    };
    parkOf(await bench.send(home, retrieve));
    expect(kindOf(await complete(parkId, 'caller'))).toBe(Reason[Reason.PARK_ENDED]);
    expect(bench.shards.get(home)?.live.table.parkCount).toBe(0);
  });

  it('is refused for a caller who is parked elsewhere, and leaves the reservation to the right one', async () => {
    const { parkId } = parkOf(
      await bench.send(home, { $case: 'park', value: parkRequest('caller', slotTarget('702')) }),
    );
    const reservation = await reserve('701');
    const refused = await complete(reservation, 'caller');
    expect(kindOf(refused)).toBe(already);
    expect(refused.result).toMatchObject({ value: { metadata: { park_id: parkId, slot: '702' } } });
    expect(parkOf(await complete(reservation, 'somebody')).slot).toBe('701');
  });
});
