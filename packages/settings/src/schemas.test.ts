import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { parseGroup } from './group-settings.js';
import type { Checked } from './issues.js';
import { DEFAULT_LOT_SETTINGS, DEFAULT_RESERVED_LOTS, parseLot } from './lot-settings.js';
import { slotAt, slotCount, slotIndex } from './ranges.js';
import { slotVerdict } from './slots.js';
import { parseSystem } from './system-settings.js';
import { parseTenant } from './tenant-settings.js';

function paths(checked: Checked<unknown>): readonly string[] {
  return checked.ok ? [] : checked.issues.map(({ path }) => path);
}

describe('settings', () => {
  it('have the documented defaults', () => {
    expect(parseSystem({})).toEqual({
      ok: true,
      value: {
        records: {
          history_days: 30,
          history_max_bytes: 1_073_741_824,
          audit_days: 365,
          audit_max_bytes: 1_073_741_824,
        },
        ringback_timeout_ms: 120_000,
        extension_ringback_timeout_ms: 300_000,
        callback_timeout_ms: 30_000,
        presence_type: 'early',
        max_park_ms: 0,
        transfer_grace_ms: 5_000,
      },
    });
    expect(parseTenant({})).toEqual({ ok: true, value: { enabled: true } });
    expect(DEFAULT_LOT_SETTINGS).toEqual({
      lot_id: 'default',
      enabled: true,
      ranges: [{ first: '101', last: '999' }],
      any_slot: true,
      selection: 'first',
      slot_capacity: 1,
      spread: 1,
      on_occupied: 'reject',
      slots: {},
      presence_prefix: '*3',
      hidden: false,
    });
    expect(DEFAULT_RESERVED_LOTS.get('_extensions')).toMatchObject({ any_slot: true, ranges: [], hidden: false });
    expect(DEFAULT_RESERVED_LOTS.get('_holding')).toMatchObject({ any_slot: true, ranges: [], hidden: true });
  });

  it('refuse unknown keys by their path', () => {
    expect(paths(parseSystem({ ringback: 1 }))).toEqual(['ringback']);
    expect(paths(parseTenant({ enabled: true, colour: 'red' }, ['tenants', 'acme']))).toEqual(['tenants.acme.colour']);
    expect(paths(parseLot('sales', { ranges: [{ first: '1', last: '2', step: 1 }] }))).toEqual(['ranges[0].step']);
  });

  it('refuse seconds where ms are meant, and a ring of no length', () => {
    const system = parseSystem({ ringback_timeout_ms: 120, callback_timeout_ms: 0, max_park_ms: -1 });
    expect(paths(system)).toEqual(['ringback_timeout_ms', 'callback_timeout_ms', 'max_park_ms']);
    expect(system.ok ? '' : system.issues[0]?.message).toContain('the unit is ms');
    expect(parseSystem({ ringback_timeout_ms: 0, transfer_grace_ms: 0 }).ok).toBe(true);
    for (const bad of [NaN, Infinity, 1500.5, '2000', 2_592_000_001]) {
      expect(paths(parseSystem({ ringback_timeout_ms: bad }))).toEqual(['ringback_timeout_ms']);
    }
  });

  it('refuse lots that cannot work', () => {
    expect(paths(parseLot('sales', {}))).toEqual(['ranges']);
    expect(paths(parseLot('sales', { lot_id: 'other', any_slot: true }))).toEqual(['lot_id']);
    expect(paths(parseLot('_mine', { any_slot: true }))).toEqual(['lot_id']);
    expect(paths(parseLot('sales', { any_slot: true, overflow_lot_id: 'sales' }))).toEqual(['overflow_lot_id']);
    expect(paths(parseLot('sales', { any_slot: true, overflow_lot_id: '_holding' }))).toEqual(['overflow_lot_id']);
    expect(paths(parseLot('_holding', { hidden: false }))).toEqual(['hidden']);
    // A group hunts in one step, and a slot of an extension is looked for on one shard (R9).
    expect(paths(parseLot('_extensions', { spread: 2 }))).toEqual(['spread']);
    expect(paths(parseLot('_holding', { spread: 2 }))).toEqual(['spread']);
    expect([...paths(parseLot('sales', { any_slot: true, spread: 257, slot_capacity: 0 }))].sort()).toEqual([
      'slot_capacity',
      'spread',
    ]);
    expect(paths(parseLot('sales', { any_slot: true, slots: { '7': { ringback_timeout: 7 } } }))).toEqual([
      'slots.7.ringback_timeout',
    ]);
    expect(paths(parseLot('sales', null))).toEqual(['']);
    expect(parseLot('_extensions', { slot_capacity: 3 })).toMatchObject({
      ok: true,
      value: { any_slot: true, slot_capacity: 3, presence_prefix: '*68' },
    });
  });

  it('refuse ranges whose ends differ in width, are reversed, or overlap another', () => {
    const faults = (ranges: unknown): string => {
      const lot = parseLot('sales', { ranges });
      return lot.ok ? '' : (lot.issues[0]?.message ?? '');
    };
    expect(faults([{ first: '1', last: '20' }])).toContain('same number of digits');
    expect(faults([{ first: '20', last: '10' }])).toContain('must not be greater');
    expect(faults([{ first: 'a', last: 'b' }])).toContain('digits');
    const overlapping = [
      { first: '701', last: '720' },
      { first: '720', last: '730' },
    ];
    expect(faults(overlapping)).toContain('701-720 and 720-730 overlap');
    expect(faults([{ first: '0000000', last: '1000000' }])).toContain('at most 1000000 slots');
    const sameNumbers = [
      { first: '7', last: '9' },
      { first: '007', last: '009' },
    ];
    expect(faults(sameNumbers)).toBe('');
  });

  it('refuse a member who is in a group twice', () => {
    expect(paths(parseGroup('desk', { members: [{ extension: '101' }, { extension: '101' }] }))).toEqual([
      'members[1].extension',
    ]);
    expect(parseGroup('desk', { members: [{ extension: '101' }] })).toEqual({
      ok: true,
      value: { group_id: 'desk', enabled: true, members: [{ extension: '101', enabled: true }] },
    });
  });

  it('read any JSON without throwing', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (json) => {
        for (const read of [parseSystem, parseTenant]) expect(typeof read(json).ok).toBe('boolean');
        expect(typeof parseLot('x', json).ok).toBe('boolean');
        expect(typeof parseGroup('x', json).ok).toBe('boolean');
      }),
    );
  });
});

describe('slots of ranges', () => {
  const range = fc
    .tuple(fc.integer({ min: 0, max: 999 }), fc.integer({ min: 0, max: 40 }), fc.integer({ min: 4, max: 6 }))
    .map(([first, size, width]) => ({
      first: String(first).padStart(width, '0'),
      last: String(first + size).padStart(width, '0'),
    }));

  it('are counted through the ranges in order, keeping leading zeros, and found again (R6)', () => {
    fc.assert(
      fc.property(fc.uniqueArray(range, { maxLength: 4, selector: ({ first }) => first.length }), (ranges) => {
        const count = slotCount(ranges);
        for (let i = 0; i < count; i++) {
          const slot = slotAt(ranges, i);
          expect(slot).toBeDefined();
          expect(slotIndex(ranges, slot ?? '')).toBe(i);
        }
        expect([slotAt(ranges, count), slotAt(ranges, -1)]).toEqual([undefined, undefined]);
      }),
    );
  });

  it('are not confused with slots that look alike (R6)', () => {
    const ranges = [{ first: '007', last: '010' }];
    expect(['007', '010', '7', '07', '0x7', '011', '08a'].map((slot) => slotIndex(ranges, slot))).toEqual([
      0, 3, -1, -1, -1, -1, -1,
    ]);
  });

  it('are refused outside the lot and beyond its highest number, by whichever bound is lower', () => {
    const lot = { ...DEFAULT_LOT_SETTINGS, any_slot: false };
    expect(slotVerdict(lot, '100')).toBe('not-in-lot');
    expect(slotVerdict(lot, '500', 400)).toBe('beyond-max');
    expect(slotVerdict({ ...lot, max_slot_number: 300 }, '301', 400)).toBe('beyond-max');
    expect(slotVerdict({ ...lot, max_slot_number: 300 }, '300', 400)).toBe('ok');
    expect(slotVerdict(DEFAULT_LOT_SETTINGS, 'reception', 5)).toBe('ok');
  });
});
