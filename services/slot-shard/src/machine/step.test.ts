import { MediaControl, Reason, RecallOutcome, type SlotRecord, TransitionKind } from '@parkade/proto';
import { describe, expect, it } from 'vitest';
import { MAX_ENDED, MAX_REASON_LENGTH } from './apply.js';
import { MAX_LEGS_BYTES } from './recall.js';
import { step } from './step.js';
import { applied, at, call, commands as c, type Moment, NAME, play, policy, T0 } from './testing/fixtures.js';
import type { SlotCommand, Step } from './types.js';

function refusal(result: Step): { reason: string; metadata: Readonly<Record<string, string>> } {
  if (result.kind !== 'refuse') return expect.fail('it was not refused');
  return { reason: Reason[result.refusal.reason], metadata: result.refusal.metadata };
}

describe('arriving', () => {
  it('says since when, and in which state, an occupied slot is held (R1, R5)', () => {
    const record = play([0, c.park('p1', 'a')], [5000, c.beginRecall('p1', 1)]);
    expect(refusal(step(record, c.park('p2', 'b'), at(6000)))).toEqual({
      reason: 'SLOT_OCCUPIED',
      metadata: { slot: '701', since_ms: String(T0), state: 'ringback' },
    });
  });

  it('takes as many calls as the slot has room for, and one id at the same node once (R8, R11)', () => {
    const record = play([0, c.park('p1', 'a')]);
    expect(step(record, c.park('p2', 'b'), at(1, { capacity: 2 })).kind).toBe('apply');
    expect(refusal(step(record, c.park('p2', 'a'), at(1, { capacity: 2 })))).toEqual({
      reason: 'CALL_ALREADY_PARKED',
      metadata: { park_id: 'p1', slot: '701' },
    });
    const elsewhere = c.park('p2', 'a', { call: { ...call('a'), mediaNode: 'm2' } });
    expect(step(record, elsewhere, at(1, { capacity: 2 })).kind).toBe('apply');
  });

  it('refuses as a defect a park id that the slot remembers (M6)', () => {
    const record = play([0, c.park('p1', 'a')], [1, c.retrieve('p1', 'b')]);
    expect(refusal(step(record, c.park('p1', 'a'), at(2))).reason).toBe('INTERNAL');
  });

  it('admits nobody to a slot whose room was made smaller, and keeps those who are in it', () => {
    const record = play([0, c.park('p1', 'a')], [1, c.park('p2', 'b')]);
    expect(refusal(step(record, c.park('p3', 'x'), at(2, { capacity: 1 }))).reason).toBe('SLOT_OCCUPIED');
    expect(applied(step(record, c.retrieve('p1', 'x'), at(2, { capacity: 1 }))).record.parks).toHaveLength(1);
  });
});

describe('completing an attended transfer (R10)', () => {
  it('swaps the call, and keeps park id, parker, note and the timer of the reservation', () => {
    const reserved = play([0, c.reserve('p1', 'c', { note: 'blue car' })], [50_000, c.release('p1', 'transfer')]);
    const { park, record } = applied(step(reserved, c.complete('p1', 'a'), at(52_000)));
    expect(park).toEqual({
      ...reserved.parks[0],
      call: call('a'),
      state: { $case: 'parked', value: { recallAtMs: T0 + 120_000 } },
    });
    expect(record.last).toMatchObject({ kind: TransitionKind.SWAPPED, call: call('a') });
  });

  it('is still good after the grace period, while nobody ended the reservation', () => {
    const reserved = play([0, c.reserve('p1', 'c')], [1, c.release('p1', 'transfer')]);
    expect(step(reserved, c.complete('p1', 'a'), at(60_000)).kind).toBe('apply');
  });

  it('refuses a caller who is in another park of the slot', () => {
    const record = play([0, c.park('p1', 'a')], [1, c.reserve('p2', 'c')]);
    expect(refusal(step(record, c.complete('p2', 'a'), at(2))).metadata).toEqual({ park_id: 'p1', slot: '701' });
  });
});

describe('retrieving', () => {
  it('takes the oldest that waits, ringing or not, and passes those being retrieved (R8, R15)', () => {
    const record = play(
      [0, c.park('p1', 'a')],
      [1, c.park('p2', 'b')],
      [2, c.park('p3', 'd')],
      [3, c.begin('p1', 'x', 'r1')],
      [4, c.beginRecall('p2', 1)],
    );
    expect(applied(step(record, c.retrieve(undefined, 'y'), at(5))).park.parkId).toBe('p2');
    expect(applied(step(record, c.retrieve('p3', 'y'), at(5))).park.parkId).toBe('p3');
  });

  it('keeps what is left of the time, at least 1 ms, and 0 where it never comes back (R3)', () => {
    const left = (...script: readonly Moment[]): unknown =>
      applied(step(play(...script), c.begin('p1', 'x', 'r1'), at(45_000))).park.state?.value;
    const forEver = { policy: policy({ ringbackTimeoutMs: 0 }) };
    const overdue = { policy: policy({ ringbackTimeoutMs: 30_000 }) };
    expect(left([0, c.park('p1', 'a')])).toMatchObject({ leftMs: 75_000 });
    expect(left([0, c.park('p1', 'a', overdue)])).toMatchObject({ leftMs: 1 });
    expect(left([0, c.park('p1', 'a', forEver)])).toMatchObject({ leftMs: 0 });
    expect(left([0, c.park('p1', 'a', forEver)], [1, c.beginRecall('p1', 1)])).toMatchObject({ leftMs: 1 });
  });

  it('lets a confirmation win that comes before the park was given back, be it late (R2)', () => {
    const record = play([0, c.park('p1', 'a')], [0, c.begin('p1', 'x', 'r1', 1000)]);
    expect(applied(step(record, c.confirm('p1', 'r1'), at(5000))).record.last).toMatchObject({
      kind: TransitionKind.RETRIEVED,
      retriever: call('x'),
    });
    const back = applied(step(record, c.tick, at(1000))).record;
    expect(refusal(step(back, c.confirm('p1', 'r1'), at(5000))).reason).toBe('RETRIEVE_EXPIRED');
  });

  it('tells the end of the grace period to whoever comes to a reserved slot too early', () => {
    const record = play([0, c.reserve('p1', 'c')], [1000, c.release('p1', 'transfer')]);
    expect(refusal(step(record, c.retrieve(undefined, 'x'), at(1500)))).toEqual({
      reason: 'SLOT_RESERVED',
      metadata: { slot: '701', until_ms: String(T0 + 6000) },
    });
  });

  it('joins no call with itself, nor with one that is parked beside it (R5)', () => {
    const record = play([0, c.park('p1', 'a')], [1, c.park('p2', 'b')]);
    expect(refusal(step(record, c.begin(undefined, 'a', 'r1'), at(2))).reason).toBe('CALL_ALREADY_PARKED');
    expect(refusal(step(record, c.retrieve('p1', 'b'), at(2))).metadata).toEqual({ park_id: 'p2', slot: '701' });
  });
});

describe('recalling', () => {
  it('lets an answer take the call first, and end as answered once it is connected; nobody else (R2, R3)', () => {
    const ringing: Moment[] = [
      [0, c.park('p1', 'a')],
      [1, c.beginRecall('p1', 1)],
    ];
    const answer = c.endRecall('p1', 1, RecallOutcome.ANSWERED);
    const taken = play(...ringing, [2, c.begin('p1', 'parker', 'r1')]);
    expect(applied(step(taken, answer, at(3))).record.last).toMatchObject({
      kind: TransitionKind.RECALL_ANSWERED,
      retriever: call('parker'),
    });
    const pickedUp = play(...ringing, [2, c.begin('p1', 'b', 'r1')]);
    expect(refusal(step(pickedUp, answer, at(3))).reason).toBe('WRONG_STATE');
  });

  it('keeps what the recall service needs, up to a bound, as a copy', () => {
    const legs = new Uint8Array([1, 2, 3]);
    const record = play([0, c.park('p1', 'a')], [1, c.beginRecall('p1', 1, legs)]);
    legs[0] = 9;
    expect(record.parks[0]?.state).toMatchObject({ value: { untilMs: T0 + 30_001, legs: Buffer.from([1, 2, 3]) } });
    const parked = play([0, c.park('p1', 'a')]);
    const large = new Uint8Array(MAX_LEGS_BYTES + 1);
    expect(refusal(step(parked, c.beginRecall('p1', 1, large), at(1))).reason).toBe('TOO_LARGE');
  });

  it('notes until when it rings now, or leaves that as it is', () => {
    const record = play([0, c.park('p1', 'a')], [1, c.beginRecall('p1', 1)]);
    const until = (command: SlotCommand): unknown => applied(step(record, command, at(2))).park.state?.value;
    expect(until(c.noteRecall('p1', 1, 0))).toMatchObject({ untilMs: T0 + 30_001, legs: Buffer.from([1, 2, 3]) });
    expect(until(c.noteRecall('p1', 1, T0 + 77_000))).toMatchObject({ untilMs: T0 + 77_000 });
  });

  it('counts the next recall from its failure, and 0 is never (R14)', () => {
    const record = play([0, c.park('p1', 'a')], [1, c.beginRecall('p1', 1)]);
    const after = (next: number): unknown =>
      applied(step(record, c.endRecall('p1', 1, RecallOutcome.FAILED, next), at(30_000))).park.state?.value;
    expect(after(10_000)).toEqual({ recallAtMs: T0 + 40_000 });
    expect(after(0)).toEqual({ recallAtMs: 0 });
  });

  it('ends with an outcome that says something', () => {
    const record = play([0, c.park('p1', 'a')]);
    const unspecified = c.endRecall('p1', 0, RecallOutcome.UNSPECIFIED);
    expect(refusal(step(record, unspecified, at(1)))).toEqual({
      reason: 'INVALID_FIELD',
      metadata: { field: 'outcome' },
    });
  });
});

describe('moving', () => {
  const away = play([0, c.park('from', 'a', { note: 'blue car' })], [1, c.beginRecall('from', 1)]);
  const parked = applied(step(away, c.endRecall('from', 1, RecallOutcome.FAILED, 90_000), at(10_000))).park;
  const moveIn = (parkId: string, holdMoveId?: string): SlotCommand => ({
    kind: 'move-in',
    requestId: 'move',
    park: parked,
    parkId,
    policy: policy({ presenceId: '*3702', ringbackTimeoutMs: 1, settingsRevision: 99 }),
    from: NAME,
    holdMoveId,
  });
  const there = { name: { ...NAME, slot: '702' } };

  it('keeps all but the park id and the lamp', () => {
    const { park, record } = applied(step(undefined, moveIn('p2'), at(20_000, there)));
    expect(park).toEqual({
      ...parked,
      parkId: 'p2',
      previousParkId: 'from',
      policy: policy({ presenceId: '*3702' }),
    });
    expect(record.last).toMatchObject({ kind: TransitionKind.MOVED_IN, other: NAME, otherParkId: 'from' });
  });

  it('leaves word where the park went (R4)', () => {
    const record = play([0, c.park('p1', 'a')], [1, c.moveOut('p1')]);
    expect(refusal(step(record, c.extend('p1', 1), at(2)))).toEqual({
      reason: 'PARK_ENDED',
      metadata: { end_reason: 'moved', park_id: 'p1-next' },
    });
  });

  it('takes the place of the hold that was made for this park, and of no other', () => {
    const held = play([0, c.park('p0', 'z')], [1, c.hold('p2')]);
    expect(applied(step(held, moveIn('p2', 'move'), at(2))).record.parks.map(({ parkId }) => parkId)).toEqual([
      'p0',
      'p2',
    ]);
    expect(refusal(step(held, moveIn('p2', 'another'), at(2))).reason).toBe('WRONG_STATE');
    expect(refusal(step(held, moveIn('p3', 'move'), at(2))).reason).toBe('WRONG_STATE');
    expect(refusal(step(held, moveIn('p3'), at(2))).reason).toBe('SLOT_OCCUPIED');
  });

  it('holds a slot once a move, and drops only the hold that is named', () => {
    const held = play([0, c.hold('p2')]);
    expect(refusal(step(held, c.hold('p3'), at(1, { capacity: 3 }))).reason).toBe('SLOT_OCCUPIED');
    expect(step(held, c.dropHold('another'), at(1))).toEqual({ kind: 'nothing' });
    const { record, left } = applied(step(held, c.dropHold(), at(1)));
    expect([left, record.parks, record.ended]).toEqual([true, [], []]);
    expect(record.last).toMatchObject({ kind: TransitionKind.MOVE_DROPPED, requestId: 'move' });
  });

  it('does not move a park to the slot it is in', () => {
    const record = play([0, c.park('p1', 'a')]);
    expect(refusal(step(record, c.moveOut('p1', '701'), at(1))).reason).toBe('SLOT_OCCUPIED');
  });
});

describe('a record', () => {
  it('remembers the last eight parks that ended, the youngest last (M9)', () => {
    let record: SlotRecord | undefined;
    for (let i = 0; i < 12; i++) {
      record = applied(step(record, c.park(`p${i}`, 'a'), at(i))).record;
      record = applied(step(record, c.retrieve(`p${i}`, 'b'), at(i))).record;
    }
    expect(record?.ended.map(({ parkId }) => parkId)).toEqual(['p4', 'p5', 'p6', 'p7', 'p8', 'p9', 'p10', 'p11']);
    expect(record?.ended).toHaveLength(MAX_ENDED);
    expect(refusal(step(record, c.extend('p3', 1), at(20))).reason).toBe('PARK_NOT_FOUND');
  });

  it('has a document version of Unix seconds that rises with each change, also when the clock goes back (M5)', () => {
    const first = play([0, c.park('p1', 'a')]);
    const second = applied(step(first, c.extend('p1', 1000), at(-60_000))).record;
    const third = applied(step(second, c.extend('p1', 1000), at(60_000))).record;
    const seconds = T0 / 1000;
    expect([first, second, third].map((record) => record.documentVersion)).toEqual([
      seconds,
      seconds + 1,
      seconds + 60,
    ]);
  });

  it('says what happened to whom, by whom, after which revision, why and by which request', () => {
    const before = play([0, c.park('p1', 'a')], [1, c.begin('p1', 'b', 'r1')]);
    const by = { principal: 'alice', peer: '192.0.2.7:1', operation: 'ParkService/GiveBackRetrieve' };
    const context = { ...at(2), by, revision: 41 };
    const { record } = applied(step(before, c.giveBack('p1', 'r1', 'x'.repeat(99)), context));
    expect(record.last).toEqual({
      kind: TransitionKind.GIVEN_BACK,
      parkId: 'p1',
      atMs: T0 + 2,
      reason: 'x'.repeat(MAX_REASON_LENGTH),
      call: call('a'),
      parker: { userId: '1001', deviceId: '', extension: '1001' },
      retriever: call('b'),
      requestId: 'give-back',
      other: undefined,
      otherParkId: '',
      presenceId: '*3701',
      attempt: 0,
      branch: undefined,
      by,
      previousRevision: 41,
    });
  });

  it('leaves a park in a state it does not know alone: taken, and retrievable by nobody', () => {
    const known = play([0, c.park('p1', 'a', { mediaControl: MediaControl.CLUSTER })]);
    const record = { ...known, parks: known.parks.map((park) => ({ ...park, state: undefined })) };
    expect(refusal(step(record, c.park('p2', 'b'), at(1))).metadata).toMatchObject({ state: 'unknown' });
    expect(refusal(step(record, c.retrieve(undefined, 'b'), at(1))).reason).toBe('WRONG_STATE');
    expect(step(record, c.tick, at(1_000_000))).toEqual({ kind: 'nothing' });
    expect(step(record, c.release('p1'), at(1)).kind).toBe('apply');
  });
});
