import { homeShard, HOLDING_LOT, parkIdShard, partOf, partShard } from '@parkade/ids';
import { type Command, OnOccupied, ParkRecord, Reason, ReleaseCause } from '@parkade/proto';
import { putLot } from '@parkade/settings';
import { afterEach, describe, expect, it } from 'vitest';
import type { Scripted } from '../testing/fake-owner.testing.js';
import { call, parkAnywhere, parkIdIn, parkRequest, requestId, says } from '../testing/samples.testing.js';
import { SHARDS, TestBed } from '../testing/test-bed.testing.js';

let bed: TestBed;
afterEach(() => bed.stop());

/** A bed with the lots `big` (three parts, overflow `spare`), `plain`, and `spare`; the owner answers in this order. */
async function withScript(...answers: readonly Scripted[]): Promise<void> {
  bed = await TestBed.start();
  const ranges = [{ first: '100', last: '199' }];
  await putLot(bed.store, 'acme', 'spare', { ranges });
  await putLot(bed.store, 'acme', 'plain', { ranges });
  await putLot(bed.store, 'acme', 'small', { ranges, overflow_lot_id: 'spare' });
  await putLot(bed.store, 'acme', 'big', { ranges, spread: 3, overflow_lot_id: 'spare' });
  const left = [...answers];
  bed.owner.script = () => left.shift() ?? says.refusal(Reason.INTERNAL);
}

/** `park 3 big/1`: what was asked of which shard, and where it was led. */
function story(): readonly string[] {
  return bed.owner.commands.map((command) => {
    const { op, shard, part, lotId } = command;
    if (op?.$case === 'routeChoice') {
      return `route ${shard} ${op.value.lotId}#${op.value.step}${op.value.holding ? ' holding' : ''}`;
    }
    return `${op?.$case ?? ''} ${shard} ${lotId}/${part}`;
  });
}

const home = (lotId: string): number => homeShard('acme', lotId, SHARDS);
const part = (lotId: string, number: number): number => partShard('acme', lotId, number, SHARDS);

describe('an automatic choice', () => {
  it('is full at once where the lot has one part and no overflow lot (G2)', async () => {
    await withScript(says.partFull);
    const failure = await bed.failure('park', parkAnywhere('plain'));
    expect(failure).toMatchObject({ reason: Reason.LOT_FULL, metadata: { lot_id: 'plain' } });
    expect(story()).toEqual([`park ${home('plain')} /0`]);
  });

  it('goes from part to part as the home decides, then to the overflow lot', async () => {
    await withScript(
      says.partFull,
      says.toPart(2, 1),
      says.partFull,
      says.toPart(1, 2),
      says.partFull,
      says.toLot('spare', 3),
      says.park({ lotId: 'spare' }),
    );
    expect((await bed.call('park', parkAnywhere('big'))).park?.lotId).toBe('spare');
    expect(story()).toEqual([
      `park ${home('big')} /0`,
      `route ${home('big')} big#1`,
      `park ${part('big', 2)} /2`,
      `route ${home('big')} big#2`,
      `park ${part('big', 1)} /1`,
      `route ${home('big')} big#3`,
      `park ${home('spare')} spare/0`,
    ]);
    const ids = bed.owner.commands.map(({ op, fingerprint }) => [
      op?.$case === 'park' || op?.$case === 'routeChoice' ? op.value.requestId : '',
      fingerprint,
    ]);
    expect(new Set(ids.map(String)).size).toBe(1);
  });

  it('goes where it was routed before when it is replayed', async () => {
    await withScript(says.toPart(2, 5), says.park());
    await bed.call('park', parkAnywhere('big'));
    expect(story()).toEqual([`park ${home('big')} /0`, `park ${part('big', 2)} /2`]);
  });

  it('goes on from the step that was recorded', async () => {
    await withScript(says.toPart(2, 5), says.partFull, says.full(6));
    expect(await bed.failure('park', parkAnywhere('big'))).toMatchObject({ reason: Reason.LOT_FULL });
    expect(story().at(-1)).toBe(`route ${home('big')} big#6`);
  });

  it('takes the park that was applied earlier for a route', async () => {
    await withScript(says.partFull, says.park({ slot: '150' }));
    expect((await bed.call('park', parkAnywhere('big'))).park?.slot).toBe('150');
  });

  it('passes through at most four lots (G3)', async () => {
    const away = ['small', 'plain', 'big', 'spare'].flatMap((lotId) => [says.toLot(lotId, 1)]);
    await withScript(...away, says.park());
    expect(await bed.failure('park', parkAnywhere('default'))).toMatchObject({ reason: Reason.LOT_FULL });
    expect(bed.owner.commands).toHaveLength(4);
  });

  it('finds room in another part where what is free in one lies beyond the highest number allowed (G2)', async () => {
    await withScript(says.beyondMax(150), says.toPart(2, 1), says.park({ slot: '120' }));
    expect((await bed.call('park', parkAnywhere('big'))).park?.slot).toBe('120');
    expect(story()).toEqual([`park ${home('big')} /0`, `route ${home('big')} big#1`, `park ${part('big', 2)} /2`]);
    expect(bed.owner.commands[1]?.op).toMatchObject({ $case: 'routeChoice', value: { beyondMax: 150 } });
  });

  it('is beyond the highest number allowed where that is so of every part that is not full (G2)', async () => {
    await withScript(says.beyondMax(150), says.toPart(2, 1), says.partFull, says.full(2, 150));
    expect(await bed.failure('park', parkAnywhere('big'))).toMatchObject({
      reason: Reason.MAX_SLOT_EXCEEDED,
      metadata: { lot_id: 'big', max_slot_number: '150' },
    });
  });

  it('keeps a refusal of the owner', async () => {
    await withScript(says.refusal(Reason.MAX_SLOT_EXCEEDED));
    expect(await bed.failure('park', parkAnywhere('big'))).toMatchObject({ reason: Reason.MAX_SLOT_EXCEEDED });
  });
});

describe('a slot that is taken', () => {
  const taken = says.refusal(Reason.SLOT_OCCUPIED);
  const slotIn = (lotId: string, onOccupied: OnOccupied): ReturnType<typeof parkRequest> =>
    parkRequest({ target: { kind: { $case: 'slot', value: { lotId, slot: '101' } } }, onOccupied });

  it('sends the call to the holding lot when the parker is to be rung', async () => {
    await withScript(taken, says.toLot(HOLDING_LOT, 1), says.park({ lotId: HOLDING_LOT }));
    const response = await bed.call('park', slotIn('plain', OnOccupied.RING_PARKER));
    expect(response.park?.lotId).toBe(HOLDING_LOT);
    expect(story()).toEqual([
      `park ${home('plain')} /0`,
      `route ${home('plain')} plain#1 holding`,
      `park ${home(HOLDING_LOT)} ${HOLDING_LOT}/0`,
    ]);
  });

  it('leads a replay to the holding lot without asking again', async () => {
    await withScript(says.toLot(HOLDING_LOT, 1), says.park());
    await bed.call('park', slotIn('plain', OnOccupied.RING_PARKER));
    expect(story()).toEqual([`park ${home('plain')} /0`, `park ${home(HOLDING_LOT)} ${HOLDING_LOT}/0`]);
  });

  it('is a refusal when nothing else was asked for', async () => {
    await withScript(taken);
    expect(await bed.failure('park', slotIn('plain', OnOccupied.REJECT))).toMatchObject({
      reason: Reason.SLOT_OCCUPIED,
    });
  });

  it('goes on to the overflow lot when the next free one is asked for and there is none', async () => {
    await withScript(says.partFull, says.toLot('spare', 1), says.park());
    await bed.call('park', slotIn('small', OnOccupied.NEXT_FREE));
    expect(story()).toEqual([
      `park ${home('small')} /0`,
      `route ${home('small')} small#1`,
      `park ${home('spare')} spare/0`,
    ]);
  });

  it('is looked for in the other parts of a larger lot when its own is full, as the shard of the slot decides (R5)', async () => {
    const own = partOf('101', 3);
    const [second, third] = [(own + 1) % 3, (own + 2) % 3];
    const wayOn = [says.partFull, says.toPart(second, 1), says.partFull, says.toPart(third, 2)];
    await withScript(...wayOn, says.park({ slot: '150' }));
    expect((await bed.call('park', slotIn('big', OnOccupied.NEXT_FREE))).park?.slot).toBe('150');
    expect(story()).toEqual([
      `park ${part('big', own)} /0`,
      `route ${part('big', own)} big#1`,
      `park ${part('big', second)} big/${second}`,
      `route ${part('big', own)} big#2`,
      `park ${part('big', third)} big/${third}`,
    ]);
    for (const { op } of bed.owner.commands) {
      if (op?.$case === 'routeChoice') expect(op.value.firstPart).toBe(own);
    }
  });

  it('goes where it was led before when its park is replayed, also in a part of a larger lot', async () => {
    const own = partOf('101', 3);
    const other = (own + 1) % 3;
    await withScript(says.toPart(other, 2), says.park());
    await bed.call('park', slotIn('big', OnOccupied.NEXT_FREE));
    expect(story()).toEqual([`park ${part('big', own)} /0`, `park ${part('big', other)} big/${other}`]);
  });
});

describe('a call that is to be held where there is no slot for it', () => {
  it('is led to the holding lot by the shard that said the lot is full, which a replay asks first (R7)', async () => {
    await withScript(says.toPart(2, 2), says.partFull, says.full(3), says.toLot(HOLDING_LOT, 4), says.park());
    await bed.call('park', { ...parkAnywhere('big'), holdIfFull: true });
    expect(story()).toEqual([
      `park ${home('big')} /0`,
      `park ${part('big', 2)} /2`,
      `route ${home('big')} big#3`,
      `route ${home('big')} big#4 holding`,
      `park ${home(HOLDING_LOT)} ${HOLDING_LOT}/0`,
    ]);
    expect(bed.owner.commands[3]?.part).toBe(0);
  });

  it('is led to the holding lot by the part that refused it, and not asked for twice (R7)', async () => {
    const refused = says.refusal(Reason.QUOTA_EXCEEDED);
    await withScript(says.toPart(2, 2), refused, says.toLot(HOLDING_LOT, 1), says.refusal(Reason.QUOTA_EXCEEDED));
    const request = { ...parkAnywhere('big'), holdIfFull: true };
    expect(await bed.failure('park', request)).toMatchObject({ reason: Reason.QUOTA_EXCEEDED });
    expect(story()).toEqual([
      `park ${home('big')} /0`,
      `park ${part('big', 2)} /2`,
      `route ${part('big', 2)} big#1 holding`,
      `park ${home(HOLDING_LOT)} ${HOLDING_LOT}/0`,
    ]);
    expect(bed.owner.commands[2]?.part).toBe(2);
  });
});

describe('the completion of a reservation that ended', () => {
  it('goes to the holding lot when its lot is full, with what its reservation has left', async () => {
    const reserved = ParkRecord.fromPartial({ parker: { userId: 'alice' }, note: 'blue car' });
    const route = { to: { $case: 'lotId', value: HOLDING_LOT } as const, step: 1, reserved, beyondMax: 0 };
    await withScript(says.refusal(Reason.LOT_FULL), { $case: 'route', value: route }, says.park());
    const parkId = parkIdIn(5);
    await bed.call('completeReservation', { requestId: requestId(), tenantId: 'acme', parkId, call });
    expect(story()).toEqual([
      `completeReservation 5 /0`,
      `route 5 #1 holding`,
      `completeReservation ${home(HOLDING_LOT)} ${HOLDING_LOT}/0`,
    ]);
    const [, asked, held] = bed.owner.commands;
    expect(asked?.op).toMatchObject({ value: { parkId } });
    expect(held?.reserved).toMatchObject({ parker: { userId: 'alice' }, note: 'blue car' });
  });
});

describe('the completion of a reservation that ended in a larger lot', () => {
  const own = 1;
  const parkId = parkIdIn(5);
  const complete = (): Promise<unknown> =>
    bed.call('completeReservation', { requestId: requestId(), tenantId: 'acme', parkId, call });
  const reserved = ParkRecord.fromPartial({ note: 'blue car' });
  const full = { $case: 'partFull', value: { beyondMax: 0, lotId: 'big', part: own } } as const;
  const toPart = (value: number, step: number): Scripted => {
    const to = { $case: 'part', value } as const;
    return { $case: 'route', value: { to, step, beyondMax: 0, ofLotId: 'big', firstPart: own, reserved } };
  };

  it('is looked for in the other parts when its own is full, then held, as the shard of the reservation decides (R10)', async () => {
    const wayOn = [full, toPart(2, 1), says.partFull, toPart(0, 2), says.partFull, says.full(3)];
    await withScript(...wayOn, says.toLot(HOLDING_LOT, 4), says.park());
    await complete();
    expect(story()).toEqual([
      `completeReservation 5 /0`,
      `route 5 big#1`,
      `completeReservation ${part('big', 2)} big/2`,
      `route 5 big#2`,
      `completeReservation ${part('big', 0)} big/0`,
      `route 5 big#3`,
      `route 5 big#4 holding`,
      `completeReservation ${home(HOLDING_LOT)} ${HOLDING_LOT}/0`,
    ]);
    for (const { op } of bed.owner.commands) {
      if (op?.$case === 'routeChoice') expect(op.value).toMatchObject({ firstPart: own, parkId });
    }
    expect(bed.owner.commands[2]?.reserved).toMatchObject({ note: 'blue car' });
  });

  it('goes where it was led before when it is replayed, and on from there', async () => {
    await withScript(toPart(2, 1), says.partFull, toPart(0, 2), says.park());
    await complete();
    expect(story()).toEqual([
      `completeReservation 5 /0`,
      `completeReservation ${part('big', 2)} big/2`,
      `route 5 big#2`,
      `completeReservation ${part('big', 0)} big/0`,
    ]);
  });

  it.each([Reason.MAX_SLOT_EXCEEDED, Reason.DISABLED, Reason.LOT_NOT_FOUND])(
    'is held where its lot takes nobody any more: the caller was accepted (%i)',
    async (reason) => {
      await withScript(says.refusal(reason), says.toLot(HOLDING_LOT, 1), says.park());
      await complete();
      expect(story().slice(1)).toEqual([
        `route 5 #1 holding`,
        `completeReservation ${home(HOLDING_LOT)} ${HOLDING_LOT}/0`,
      ]);
    },
  );
});

describe('a park id', () => {
  it('names the shard, whatever tenant asks', async () => {
    await withScript(says.park());
    const parkId = parkIdIn(6);
    await bed.call('extendPark', { requestId: '', tenantId: 'nobody', parkId, recallIn: { seconds: 9, nanos: 0 } });
    expect(bed.owner.commands.map(({ shard }: Command) => shard)).toEqual([parkIdShard(parkId)]);
  });

  it.each(['x', parkIdIn(SHARDS)])('is not found without asking anybody when it is none: %s', async (parkId) => {
    await withScript();
    const release = { requestId: '', tenantId: 'acme', parkId, cause: ReleaseCause.ABANDONED, callId: '' };
    expect(await bed.failure('release', release)).toMatchObject({ reason: Reason.PARK_NOT_FOUND });
    expect(bed.owner.commands).toEqual([]);
  });
});
