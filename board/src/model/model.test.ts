import { describe, expect, it } from 'vitest';
import type { BoardPark, BoardSlot } from '../wire.js';
import { changesText, changeText } from './changes.js';
import { busyRows, freeSlots, MAX_FREE, shownRows, type View } from './rows.js';
import { rangesText } from './shard-ranges.js';
import { SlotMap } from './slot-map.js';
import { clockText, spokenText, untilText } from './time-text.js';

const VIEW: View = { search: '', sort: 'slot', descending: false, showFree: false };

function park(parkId: string, fields: Partial<BoardPark> = {}): BoardPark {
  return {
    parkId,
    state: 'parked',
    callerName: '',
    callerNumber: '',
    parker: '',
    note: '',
    parkedAtMs: 1_000,
    recallAtMs: 0,
    recallAttempt: 0,
    mediaNode: 'fs-1',
    clusterMedia: false,
    retriever: '',
    ...fields,
  };
}

function slot(name: string, parks: readonly BoardPark[], revision = 1, lotId = 'default'): BoardSlot {
  return { lotId, slot: name, revision, lamp: parks.length > 0 ? 'early' : 'off', parks };
}

describe('times', () => {
  it.each([
    [-5_000, '0:00', '0 seconds'],
    [999, '0:00', '0 seconds'],
    [61_000, '1:01', '1 minute 1 second'],
    [3_723_000, '1:02:03', '1 hour 2 minutes'],
    [7_200_000, '2:00:00', '2 hours'],
  ])('%i ms are %s on a clock and "%s" spoken', (ms, clock, spoken) => {
    expect([clockText(ms), spokenText(ms)]).toEqual([clock, spoken]);
  });

  it('count down to now, and a call that never comes back says so', () => {
    expect([untilText(0, 5_000), untilText(5_000, 5_000), untilText(6_500, 5_000), untilText(66_000, 5_000)]).toEqual([
      'never',
      'now',
      '0:01',
      '1:01',
    ]);
  });
});

describe('rows', () => {
  const slots = [
    slot('710', [park('a', { callerName: 'Zoe', parker: '9', recallAtMs: 50, parkedAtMs: 3 })]),
    slot('79', [park('b', { callerName: 'adam', parker: '10', recallAtMs: 0, parkedAtMs: 1 })]),
    slot('79', [park('c', { callerName: 'Bea', state: 'ringback', parkedAtMs: 2, note: 'VIP' })], 1, 'sales'),
  ];
  const order = (view: Partial<View>): string =>
    shownRows(busyRows(slots), [], { ...VIEW, ...view })
      .map(({ key }) => key)
      .join('');

  it('are sorted by slot as people count, by name whatever its case, and by what is due first', () => {
    expect(order({})).toBe('bac');
    expect(order({ descending: true })).toBe('cab');
    expect(order({ sort: 'caller' })).toBe('bca');
    expect(order({ sort: 'parker' })).toBe('cab');
    expect(order({ sort: 'parked' })).toBe('bca');
    expect(order({ sort: 'recall' })).toBe('cab');
  });

  it('are those in which every word of the search is found, in whatever field', () => {
    expect(order({ search: '  zo ' })).toBe('a');
    expect(order({ search: 'vip SALES' })).toBe('c');
    expect(order({ search: 'vip zoe' })).toBe('');
  });

  it('show each call of a slot that holds several', () => {
    expect(busyRows([slot('1', [park('x'), park('y')])]).map(({ key }) => key)).toEqual(['x', 'y']);
  });

  it('show free numbered slots after the calls, with their leading zeros, and not without bound', () => {
    const lots = [{ lotId: 'default', ranges: [{ first: '008', last: '010' }] }];
    const taken = new Map([['default 009', slot('009', [park('a')])]]);
    const free = freeSlots(lots, taken);
    expect(free.map((one) => one.slot)).toEqual(['008', '010']);
    const rows = shownRows(busyRows(taken.values()), free, { ...VIEW, showFree: true });
    expect(rows.map((row) => [row.slot.slot, row.park?.parkId])).toEqual([
      ['009', 'a'],
      ['008', undefined],
      ['010', undefined],
    ]);
    const many = [{ lotId: 'default', ranges: [{ first: '000000', last: '999999' }] }];
    expect(freeSlots(many, new Map())).toHaveLength(MAX_FREE);
  });
});

describe('the map of slots', () => {
  it('takes no state that is older than what it has, also of a slot that was freed (M1, M2)', () => {
    const map = new SlotMap();
    expect(map.put(slot('1', [park('a')], 5))).toEqual({ before: undefined });
    expect(map.put(slot('1', [], 7))?.before?.revision).toBe(5);
    expect(map.put(slot('1', [park('a')], 6))).toBeUndefined();
    expect(map.slots.size).toBe(0);
    expect(map.put(slot('1', [park('b')], 8))?.before?.revision).toBe(7);
    expect([...map.slots.values()].map(({ revision }) => revision)).toEqual([8]);
    map.clear();
    expect(map.slots.size).toBe(0);
  });
});

describe('what is announced', () => {
  it('is who came, who left, whose recall began and ended, and nothing else', () => {
    const ada = park('a', { callerName: 'Ada', parker: '201' });
    const [free, waits, rings] = [slot('1', []), slot('1', [ada]), slot('1', [{ ...ada, state: 'ringback' }])];
    expect(changeText(undefined, waits)).toBe('Ada is parked in slot 1.');
    expect(changeText(waits, rings)).toBe('Ada in slot 1 comes back: 201 is rung.');
    expect(changeText(rings, waits)).toBe('Ada waits in slot 1 again.');
    expect(changeText(waits, free)).toBe('Ada has left slot 1.');
    expect(changeText(waits, slot('1', [{ ...ada, note: 'x' }]))).toBeUndefined();
    expect(changeText(undefined, free)).toBeUndefined();
  });

  it('is a number where much happens at once', () => {
    expect(changesText(['a.', 'b.'])).toBe('a. b.');
    expect(changesText(['a.', 'b.', 'c.', 'd.'])).toBe('4 changes on the board.');
  });
});

it('shards are told as ranges', () => {
  expect(rangesText([0, 1, 2, 5, 7, 8])).toBe('0-2, 5, 7-8');
  expect(rangesText([])).toBe('');
});
