import { status } from '@grpc/grpc-js';
import {
  Consistency,
  type GetParkRequest,
  PresenceType,
  type ListOwnedResponse,
  type ListSlotsRequest,
  Reason,
  type Slot,
} from '@parkade/proto';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { call, park, parkIdIn, says } from '../testing/samples.testing.js';
import { SHARDS, TestBed } from '../testing/test-bed.testing.js';
import { merge } from './owned-slots.js';

let bed: TestBed | undefined;
afterEach(async () => {
  await bed?.stop();
  bed = undefined;
});

function slot(lotId: string, name: string, revision = 1): Slot {
  return {
    tenantId: 'acme',
    lotId,
    slot: name,
    parks: [park()],
    revision,
    presence: PresenceType.EARLY,
    presenceId: '',
  };
}

function bits(...shards: readonly number[]): Buffer {
  const bytes = Buffer.alloc(Math.ceil(SHARDS / 8));
  for (const shard of shards) bytes[shard >> 3] = (bytes[shard >> 3] ?? 0) | (1 << (shard & 7));
  return bytes;
}

const EVEN = [0, 2, 4, 6];
const ODD = [1, 3, 5, 7];

function listRequest(changes: Partial<ListSlotsRequest> = {}): ListSlotsRequest {
  return { tenantId: 'acme', lotId: '', states: [], pageSize: 0, pageToken: '', ...changes };
}

/** Two owners; each has these slots, and answers as an owner does. */
async function twoOwners(first: readonly Slot[], second: readonly Slot[]): Promise<TestBed> {
  const started = await TestBed.start({}, 2);
  bed = started;
  await started.own(started.at(started.owners, 1), ODD);
  for (const [index, slots] of [first, second].entries()) {
    started.at(started.owners, index).list = ({ afterLotId, afterSlot, limit }): ListOwnedResponse => {
      const after = slots.filter(({ lotId, slot: name }) => `${lotId}/${name}` > `${afterLotId}/${afterSlot}`);
      return { slots: after.slice(0, limit), more: after.length > limit, shards: bits(...(index === 0 ? EVEN : ODD)) };
    };
  }
  return started;
}

describe('ListSlots', () => {
  it('merges the pages of all owners in order of lot and slot', async () => {
    const gateway = await twoOwners([slot('a', '1'), slot('a', '3'), slot('b', '2')], [slot('a', '2'), slot('b', '1')]);
    const seen: string[] = [];
    let pageToken = '';
    do {
      const page = await gateway.call('listSlots', listRequest({ pageSize: 2, pageToken }));
      seen.push(page.slots.map(({ lotId, slot: name }) => lotId + name).join(' '));
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    expect(seen).toEqual(['a1 a2', 'a3 b1', 'b2']);
  });

  it('asks again until every shard was looked at', async () => {
    const gateway = await twoOwners([], []);
    const second = gateway.at(gateway.owners, 1);
    let asked = 0;
    second.list = () => ({ slots: [], more: false, shards: ++asked < 3 ? bits(1) : bits(...ODD) });
    expect((await gateway.call('listSlots', listRequest())).slots).toEqual([]);
    expect(asked).toBe(3);
  });

  it('is NO_OWNER when a shard has none', async () => {
    const gateway = await twoOwners([], []);
    await gateway.disown([3]);
    gateway.at(gateway.owners, 1).list = () => ({ slots: [], more: false, shards: bits(1, 5, 7) });
    expect(await gateway.failure('listSlots', listRequest(), 600)).toMatchObject({
      code: status.UNAVAILABLE,
      reason: Reason.NO_OWNER,
    });
  });

  it.each(['x', 'WyJwMSIsImoiLCJhIiwiMSJd'])(
    'refuses a page token that is none of this cluster: %s',
    async (pageToken) => {
      const gateway = await twoOwners([], []);
      expect(await gateway.failure('listSlots', listRequest({ pageToken }))).toMatchObject({
        code: status.OUT_OF_RANGE,
        reason: Reason.TOKEN_INVALID,
      });
    },
  );
});

describe('the merge of owners’ pages', () => {
  it('gives every slot once, in order, however they are spread and cut into pages', () => {
    const spread = fc.array(fc.record({ id: fc.nat(40), owner: fc.nat(3) }), { maxLength: 60 });
    fc.assert(
      fc.property(spread, fc.integer({ min: 1, max: 7 }), (entries, limit) => {
        const all = [...new Set(entries.map(({ id }) => name(id)))].sort();
        const seen: string[] = [];
        for (let after = '', more = true; more; after = seen.at(-1) ?? '') {
          const answers = [0, 1, 2, 3].map((owner): ListOwnedResponse => {
            const mine = new Set(entries.filter((entry) => entry.owner === owner).map(({ id }) => name(id)));
            const left = [...mine].sort().filter((id) => id > after);
            const slots = left.slice(0, limit).map((id) => slot('a', id));
            return { slots, more: left.length > limit, shards: Buffer.alloc(0) };
          });
          const page = merge(answers, limit);
          seen.push(...page.slots.map((each) => each.slot));
          more = page.more;
        }
        expect(seen).toEqual(all);
      }),
    );
  });

  it('shows the younger state of a slot that two owners name', () => {
    const answer = (revision: number): ListOwnedResponse => ({
      slots: [slot('a', '1', revision)],
      more: false,
      shards: bits(),
    });
    expect(merge([answer(5), answer(4)], 10).slots.map(({ revision }) => revision)).toEqual([5]);
  });
});

describe('GetPark', () => {
  it('by id asks the owner of its shard, and says whether the answer is fenced', async () => {
    bed = await TestBed.start();
    bed.owner.script = () => says.park({ slot: '705' });
    const parkId = parkIdIn(2);
    const response = await bed.call('getPark', {
      tenantId: 'acme',
      by: { $case: 'parkId', value: parkId },
      consistency: Consistency.FENCED,
    });
    expect(response).toMatchObject({ fenced: true, park: { slot: '705' } });
    expect(bed.owner.commands[0]?.shard).toBe(2);
  });

  const byCall = (consistency = Consistency.UNSPECIFIED): GetParkRequest => ({
    tenantId: 'acme',
    by: { $case: 'call', value: { mediaNode: '', callId: 'c-1' } },
    consistency,
  });
  const isHeld = { ...slot('a', '1'), parks: [park({ call: { ...call, callId: 'other' } }), park()] };

  it('by call asks every owner, and has the one that has it prove it', async () => {
    const gateway = await twoOwners([], [isHeld]);
    gateway.owner.script = () => says.park({ slot: '1', note: 'as it is now' });
    expect(await gateway.call('getPark', byCall())).toMatchObject({ fenced: true, park: { note: 'as it is now' } });
    expect(gateway.owner.lists[0]?.call).toEqual({ mediaNode: '', callId: 'c-1' });
    expect(gateway.owner.commands[0]?.op).toMatchObject({ $case: 'getPark', value: { by: { $case: 'parkId' } } });
  });

  it('by call is what an owner believes where that is enough', async () => {
    const gateway = await twoOwners([], [isHeld]);
    const response = await gateway.call('getPark', byCall(Consistency.UNFENCED));
    expect(response).toMatchObject({ fenced: false, park: { call: { callId: 'c-1' } } });
    expect(gateway.owner.commands).toEqual([]);
  });

  it('by call searches again where the park has ended meanwhile, and says what could not be proved', async () => {
    const gateway = await twoOwners([], [isHeld]);
    gateway.owner.script = () => says.refusal(Reason.PARK_ENDED);
    const failure = await gateway.failure('getPark', byCall());
    expect(failure).toMatchObject({ reason: Reason.PARK_NOT_FOUND, metadata: { call_id: 'c-1', fenced: 'false' } });
    expect(gateway.owner.lists.length).toBe(3);
  });

  it('by call is refused where the owner cannot prove what it believes', async () => {
    const gateway = await twoOwners([], [isHeld]);
    gateway.owner.script = () => says.refusal(Reason.STORE_UNAVAILABLE);
    expect(await gateway.failure('getPark', byCall())).toMatchObject({ reason: Reason.STORE_UNAVAILABLE });
  });

  it('by call is not found when no owner has it', async () => {
    const gateway = await twoOwners([], []);
    const failure = await gateway.failure('getPark', byCall());
    expect(failure).toMatchObject({ reason: Reason.PARK_NOT_FOUND, metadata: { fenced: 'false' } });
  });
});

describe('GetSlot', () => {
  it('reads a slot, also one of a reserved lot', async () => {
    bed = await TestBed.start();
    bed.owner.script = () => ({ $case: 'slot', value: slot('_holding', 'x') });
    const request = { tenantId: 'acme', slot: { lotId: '_holding', slot: 'x' }, consistency: Consistency.UNSPECIFIED };
    expect(await bed.call('getSlot', request)).toMatchObject({ fenced: true, slot: { slot: 'x' } });
  });
});

function name(id: number): string {
  return String(id).padStart(2, '0');
}
