import { callUnary } from '@parkade/cli';
import { SystemClock } from '@parkade/clock';
import { partOf } from '@parkade/ids';
import {
  MoveParkRequest,
  OnOccupied,
  type Park,
  type ParkRequest,
  Reason,
  Selection,
  type Target,
  type WatchSlotsResponse,
} from '@parkade/proto';
import { callFailure } from '@parkade/rpc';
import { applySettings, deleteLot } from '@parkade/settings';
import { describe, expect, it } from 'vitest';
import {
  CALL_MS,
  failureOf,
  park,
  parkRequest,
  pick,
  requestId,
  retrieve,
  retrieveParkRequest,
} from './support/calls.js';
import { withCluster } from './support/with-cluster.js';

const clock = new SystemClock();

/** `acme`: a lot of 40 slots over four shards that overflows into one of 10, one of 6 that does not, and two lots to move between. */
const SETTINGS = {
  tenants: {
    acme: {
      lots: {
        wide: { ranges: [{ first: '100', last: '139' }], spread: 4, overflow_lot_id: 'spare' },
        spare: { ranges: [{ first: '500', last: '509' }] },
        broad: { ranges: [{ first: '600', last: '605' }], spread: 4, presence_prefix: 'broad*' },
        a: { ranges: [{ first: '1', last: '9' }], any_slot: true },
        b: { ranges: [{ first: '1', last: '9' }], presence_prefix: 'b*' },
        tiny: { ranges: [{ first: '1', last: '2' }], presence_prefix: 'tiny*' },
      },
      groups: {
        sales: { members: [{ extension: '201' }, { extension: '202', enabled: false }, { extension: '203' }] },
      },
    },
  },
};

function lot(lotId: string): Target {
  return { kind: { $case: 'lot', value: { lotId, selection: Selection.UNSPECIFIED, maxSlotNumber: 0 } } };
}

function at(lotId: string, slot: string): Target {
  return { kind: { $case: 'slot', value: { lotId, slot } } };
}

function request(target: Target, callId: string, more: Partial<ParkRequest> = {}): ParkRequest {
  return { ...parkRequest('acme', undefined, callId), target, ...more };
}

// One shard puts the lot, its overflow and the holding lot side by side; 64 spread them over three owners.
describe.each([1, 64])('lots in a cluster of %i shards', (shards) => {
  const cluster = withCluster({ shards, autoTenants: false });

  it('fill every part and the overflow lot, then say full; replays get the first answer through any gateway (R1, R7)', async () => {
    const { clients, store } = cluster();
    expect(await applySettings(store, SETTINGS)).toMatchObject({ ok: true });
    const requests = Array.from({ length: 64 }, (_, i) => request(lot('wide'), `wide-${i}`));
    const outcomes = await Promise.all(
      requests.map((one, i) =>
        park(pick(clients, i), one).then(
          (parked) => ({ parked }),
          (error: unknown) => ({ reason: callFailure(error).reason }),
        ),
      ),
    );
    const parked = outcomes.flatMap((outcome) => ('parked' in outcome ? [outcome.parked] : []));
    const reasons = outcomes.flatMap((outcome) => ('parked' in outcome ? [] : [outcome.reason]));
    expect(new Set(parked.map(({ lotId, slot }) => `${lotId}/${slot}`)).size).toBe(50);
    expect(parked.filter(({ lotId }) => lotId === 'spare')).toHaveLength(10);
    expect(reasons).toEqual(Array(14).fill(Reason.LOT_FULL));

    // Room is made everywhere; whoever was parked is not parked again.
    const [first, ...others] = parked;
    await Promise.all(
      others.map(({ parkId }, i) => retrieve(pick(clients, i), retrieveParkRequest('acme', parkId, `r-${i}`))),
    );
    const again = await Promise.all(
      requests.flatMap((one, i) => {
        const before = outcomes[i];
        return before !== undefined && 'parked' in before
          ? [park(pick(clients, i + 1), one).then((now) => [before.parked, now])]
          : [];
      }),
    );
    for (const [before, now] of again) expect(now).toEqual(before);
    await retrieve(pick(clients, 0), retrieveParkRequest('acme', first?.parkId ?? '', 'last'));
  });

  it('do with a call for a taken slot what it asks for: next free, or the holding lot (R5)', async () => {
    const { clients } = cluster();
    await park(pick(clients, 0), request(at('a', '7'), 'taker'));
    const next = request(at('a', '7'), 'next', { onOccupied: OnOccupied.NEXT_FREE });
    expect(await park(pick(clients, 0), next)).toMatchObject({ lotId: 'a', slot: '1' });
    const held = request(at('a', '7'), 'held', { onOccupied: OnOccupied.RING_PARKER });
    const waiting = await park(pick(clients, 0), held);
    expect(waiting).toMatchObject({ lotId: '_holding' });
    expect(await park(pick(clients, 1), held)).toEqual(waiting);
    const rejected = await failureOf(park(pick(clients, 1), request(at('a', '7'), 'rejected')));
    expect(rejected.reason).toBe(Reason.SLOT_OCCUPIED);
  });

  it('find the next free slot of a wide lot in whichever part has one; a replay gets the first answer (R5)', async () => {
    const { clients } = cluster();
    const slots = Array.from({ length: 40 }, (_, i) => String(100 + i));
    const own = slots.filter((slot) => partOf(slot, 4) === partOf('100', 4));
    const takers = await Promise.all(
      own.map((slot, i) => park(pick(clients, i), request(at('wide', slot), `own-${i}`))),
    );
    const next = request(at('wide', '100'), 'next-part', { onOccupied: OnOccupied.NEXT_FREE });
    const parked = await park(pick(clients, 0), next);
    expect(parked).toMatchObject({ lotId: 'wide', call: { callId: 'next-part' } });
    expect(own).not.toContain(parked.slot);
    await Promise.all(
      takers.map(({ parkId }, i) => retrieve(pick(clients, i), retrieveParkRequest('acme', parkId, `own-r-${i}`))),
    );
    expect(await park(pick(clients, 1), next)).toEqual(parked);
    await retrieve(pick(clients, 1), retrieveParkRequest('acme', parked.parkId, 'next-part-r'));
  });

  it('hold a call for which a wide lot is full, and say so again when it is asked again (R7)', async () => {
    const { clients } = cluster();
    const taken = await Promise.all(
      Array.from({ length: 6 }, (_, i) => park(pick(clients, i), request(lot('broad'), `full-${i}`))),
    );
    const held = request(lot('broad'), 'held-beyond', { holdIfFull: true });
    const waiting = await park(pick(clients, 0), held);
    expect(waiting).toMatchObject({ lotId: '_holding' });
    expect(await park(pick(clients, 1), held)).toEqual(waiting);
    const all = [...taken, waiting];
    await Promise.all(
      all.map(({ parkId }, i) => retrieve(pick(clients, i), retrieveParkRequest('acme', parkId, `full-r-${i}`))),
    );
  });

  it('hunt a group for its first free, enabled member (R9)', async () => {
    const { clients } = cluster();
    const group: Target = { kind: { $case: 'group', value: { groupId: 'sales' } } };
    const two = await Promise.all([0, 1].map((i) => park(pick(clients, i), request(group, `sales-${i}`))));
    expect(two.map(({ slot }) => slot).sort()).toEqual(['201', '203']);
    const third = await failureOf(park(pick(clients, 0), request(group, 'sales-2')));
    expect(third.reason).toBe(Reason.GROUP_FULL);
  });

  it('move calls between shards: each is in one place, and of many who want one slot one gets it', async () => {
    const { clients } = cluster();
    const calls = await Promise.all(
      Array.from({ length: 16 }, (_, i) => park(pick(clients, i), request(at('a', `m${i}`), `move-${i}`))),
    );
    const move = async (from: Park, slot: string, i: number): Promise<Park | Reason | undefined> => {
      const { parkId } = from;
      const one = MoveParkRequest.fromPartial({
        requestId: requestId(),
        tenantId: 'acme',
        parkId,
        slot: { lotId: 'b', slot },
      });
      const client = pick(clients, i);
      return callUnary(client.movePark.bind(client), one, CALL_MS, clock).then(
        ({ park: moved }) => moved,
        (error: unknown) => callFailure(error).reason,
      );
    };
    const outcomes = await Promise.all(calls.map((from, i) => move(from, String(1 + (i % 8)), i)));
    const moved = outcomes.filter((outcome): outcome is Park => typeof outcome === 'object');
    expect(new Set(moved.map(({ slot }) => slot)).size).toBe(8);
    expect(moved).toHaveLength(8);
    expect(
      outcomes.filter((outcome) => outcome === Reason.SLOT_OCCUPIED || outcome === Reason.SLOT_RESERVED),
    ).toHaveLength(8);
    for (const [i, outcome] of outcomes.entries()) {
      const now = typeof outcome === 'object' ? outcome : calls[i];
      const taken = await retrieve(pick(clients, i), retrieveParkRequest('acme', now?.parkId ?? '', `mover-${i}`));
      expect(taken.call?.callId).toBe(`move-${i}`);
      if (typeof outcome !== 'object') continue;
      const old = await failureOf(
        retrieve(pick(clients, i), retrieveParkRequest('acme', calls[i]?.parkId ?? '', 'late')),
      );
      expect(old).toMatchObject({
        reason: Reason.PARK_ENDED,
        metadata: { end_reason: 'moved', park_id: outcome.parkId },
      });
    }
  });

  it('show the calls of one that was deleted to whoever begins to watch the tenant', async () => {
    const { clients, store } = cluster();
    expect(await applySettings(store, SETTINGS)).toMatchObject({ ok: true });
    const parked = await park(pick(clients, 0), request(at('tiny', '1'), 'left-behind'));
    expect(await deleteLot(store, 'acme', 'tiny')).toMatchObject({ ok: true });
    const client = pick(clients, 1);
    /** The parks that a watch shows first; undefined: it is refused. */
    const shown = (lotId: string): Promise<readonly string[] | undefined> =>
      new Promise((done) => {
        const parks: string[] = [];
        const stream = client.watchSlots({ tenantId: 'acme', lotId, resumeToken: '' });
        stream.on('error', () => done(undefined));
        stream.on('data', ({ event }: WatchSlotsResponse) => {
          if (event?.$case === 'slot') parks.push(...event.value.parks.map(({ parkId }) => parkId));
          if (event?.$case !== 'synced') return;
          done(parks);
          stream.cancel();
        });
      });
    await expect.poll(() => shown('tiny'), { timeout: 10_000 }).toBeUndefined();
    expect(await shown('')).toContain(parked.parkId);
    await retrieve(pick(clients, 2), retrieveParkRequest('acme', parked.parkId, 'fetcher'));
  });
});
