import { homeShard } from '@parkade/ids';
import { type CommandAnswer, Reason } from '@parkade/proto';
import { putLot, putQuotas, type QuotaSettings, type WriteResult } from '@parkade/settings';
import { StoreError } from '@parkade/store';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  describe as kindOf,
  parkOf,
  parkRequest,
  requestId,
  retrieveRequest,
  slotTarget,
} from '../testing/owner-client.js';
import { BENCH_SHARDS, ShardBench, writesSlot } from '../testing/shard-bench.js';

const home = homeShard('acme', 'default', BENCH_SHARDS);
let bench: ShardBench;
beforeEach(async () => {
  bench = await ShardBench.start();
  await bench.own(home);
});
afterEach(() => bench.close());

async function inForce(write: Promise<WriteResult>): Promise<void> {
  const result = await write;
  if (!result.ok) throw new Error(JSON.stringify(result));
  await bench.settings.waitFor(result.revision, 5_000);
}

const quotas = (set: QuotaSettings): Promise<void> => inForce(putQuotas(bench.store, 'acme', set));
const park = (slot: string, more = {}, request = parkRequest(`call-${slot}`, slotTarget(slot))) =>
  bench.send(home, { $case: 'park', value: request }, more);
const retrieve = (slot: string): Promise<CommandAnswer> => {
  const from = { $case: 'slot' as const, value: { lotId: '', slot } };
  return bench.send(home, { $case: 'retrieve', value: retrieveRequest(from, 'r') });
};
const kinds = async (answers: Promise<CommandAnswer>[]): Promise<string[]> => (await Promise.all(answers)).map(kindOf);
const EXCEEDED = Reason[Reason.QUOTA_EXCEEDED];

describe('parked calls beyond the quota', () => {
  it('are refused, however many come at once, until one has ended (Q1, Q2)', async () => {
    await quotas({ parked_calls: 3 });
    const slots = Array.from({ length: 12 }, (_, i) => String(701 + i));
    const answers = await kinds(slots.map((slot) => park(slot)));
    expect(answers.filter((kind) => kind === 'park')).toHaveLength(3);
    expect(answers.filter((kind) => kind === EXCEEDED)).toHaveLength(9);
    expect(await retrieve('701')).toMatchObject({ result: { $case: 'park' } });
    const refusal = await kinds([park('719'), park('720')]);
    expect(refusal.sort()).toEqual([EXCEEDED, 'park']);
    expect(bench.quotas.use.calls('acme')).toBe(3);
  });

  it('are answered from the journal when they were parked before, and a taken slot says so first', async () => {
    await quotas({ parked_calls: 1 });
    const request = parkRequest('call-701', slotTarget('701'));
    const { parkId } = parkOf(await park('701', {}, request));
    expect(parkOf(await park('701', {}, request)).parkId).toBe(parkId);
    expect(kindOf(await park('701', {}, parkRequest('other', slotTarget('701'))))).toBe('SLOT_OCCUPIED');
  });

  it('are taken by the holding lot up to as many again, so that nobody who was transferred is dropped (Q3)', async () => {
    await quotas({ parked_calls: 2, slots: 2 });
    const held = { lotId: '_holding' };
    expect(await kinds([park('701'), park('702')])).toEqual(['park', 'park']);
    expect(await kinds([park('703', held), park('704', held)])).toEqual(['park', 'park']);
    expect(kindOf(await park('705', held))).toBe(EXCEEDED);
  });

  it('are counted anew when the shard is read again, and not at all once it is lost', async () => {
    await quotas({ parked_calls: 2 });
    bench.between = async (txn, pass) => {
      if (!writesSlot(txn)) return pass();
      bench.between = (_, next) => next();
      await pass();
      throw new StoreError('unavailable', 'the answer was lost', true);
    };
    expect(kindOf(await park('701'))).toBe('park');
    expect(bench.quotas.use.calls('acme')).toBe(1);
    expect(await kinds([park('702')])).toEqual(['park']);
    expect(kindOf(await park('703'))).toBe(EXCEEDED);
    bench.shards.get(home)?.lose();
    expect([bench.quotas.use.calls('acme'), bench.quotas.use.slots('acme')]).toEqual([0, 0]);
  });

  it('stay when the quota is lowered, and are moved', async () => {
    const { parkId } = parkOf(await park('701'));
    await park('702');
    await quotas({ parked_calls: 1, slots: 1 });
    const request = { requestId: requestId(), tenantId: 'acme', parkId, slot: { lotId: '', slot: '703' } };
    expect(kindOf(await bench.send(home, { $case: 'move', value: { request, hold: undefined } }))).toBe('park');
    expect(bench.quotas.use.calls('acme')).toBe(2);
    expect(kindOf(await park('704'))).toBe(EXCEEDED);
    expect(await kinds([retrieve('703'), retrieve('702')])).toEqual(['park', 'park']);
    expect(kindOf(await park('704'))).toBe('park');
  });
});

describe('slots beyond the quota', () => {
  it('are refused where a slot in use takes one call more', async () => {
    await inForce(putLot(bench.store, 'acme', 'default', { any_slot: true, slot_capacity: 2 }));
    await quotas({ slots: 1 });
    expect(kindOf(await park('701'))).toBe('park');
    expect(kindOf(await park('702'))).toBe(EXCEEDED);
    expect(kindOf(await park('701', {}, parkRequest('second', slotTarget('701'))))).toBe('park');
    expect(bench.quotas.use.slots('acme')).toBe(1);
  });
});

describe('owners that share a quota', () => {
  it('leave to each other what the others have told', async () => {
    await quotas({ parked_calls: 10 });
    const elsewhere = { told: () => 0, elsewhere: () => 9 };
    bench.quotas.share({ members: 2, of: () => elsewhere as never });
    expect(await kinds([park('701'), park('702')])).toEqual(['park', EXCEEDED]);
  });
});
