import { describe, expect, it } from 'vitest';
import { EXTENSION_LOT, HOLDING_LOT } from '@parkade/ids';
import { PolicyOverrides, PresenceType, RecallTo } from '@parkade/proto';
import fc from 'fast-check';
import { flowLevels, parseParkData } from './flow/park-data.js';
import { readOverrides } from './flow/read-overrides.js';
import { DEFAULT_LOT_SETTINGS, DEFAULT_RESERVED_LOTS, type LotSettings, parseLot } from './lot-settings.js';
import type { LevelSettings } from './policy-settings.js';
import { type FlowOverrides, resolvePolicy, resolveTransferGraceMs } from './resolve.js';
import { DEFAULT_SYSTEM } from './system-settings.js';

const base = { slotId: '101', lot: DEFAULT_LOT_SETTINGS, tenant: {}, system: DEFAULT_SYSTEM, revision: 7 };

function reserved(lotId: string): LotSettings {
  const lot = DEFAULT_RESERVED_LOTS.get(lotId);
  if (lot === undefined) throw new Error(`no lot ${lotId}`);
  return lot;
}

describe('the policy of a park', () => {
  it('is the documented default where nobody sets anything', () => {
    expect(resolvePolicy(base)).toMatchObject({
      ringbackTimeoutMs: 120_000,
      callbackTimeoutMs: 30_000,
      presenceType: PresenceType.EARLY,
      presenceId: '*3101',
      maxParkMs: 0,
      settingsRevision: 7,
      recall: { recallTo: RecallTo.UNSPECIFIED, ringGroupTimeMs: 0, attempts: 0, callerId: undefined },
    });
  });

  it('follows the example flow: slot 101 its own ringback and presence, the rest from the flow', () => {
    const parsed = parseParkData({
      action: 'auto',
      default_ringback_timeout: 120_000,
      default_callback_timeout: 26_000,
      slots: { '100': { ringback_timeout: 10_000 }, '101': { ringback_timeout: 25_000, presence_type: 'confirmed' } },
    });
    if (!parsed.ok) throw new Error('refused');
    const resolve = (slotId: string) => resolvePolicy({ ...base, slotId, ...flowLevels(parsed.value, slotId) });
    expect(resolve('101')).toMatchObject({
      ringbackTimeoutMs: 25_000,
      callbackTimeoutMs: 26_000,
      presenceType: PresenceType.CONFIRMED,
    });
    expect(resolve('100')).toMatchObject({ ringbackTimeoutMs: 10_000, presenceType: PresenceType.EARLY });
    expect(resolve('102')).toMatchObject({ ringbackTimeoutMs: 120_000 });
  });

  it('takes each value by itself from the first level that has one', () => {
    const ms = fc.option(fc.integer({ min: 1000, max: 90_000 }), { nil: undefined });
    const type = fc.option(fc.constantFrom('early' as const, 'confirmed' as const, 'terminated' as const), {
      nil: undefined,
    });
    const id = fc.option(fc.constantFrom('a', 'b', 'c'), { nil: undefined });
    const overrides: fc.Arbitrary<FlowOverrides> = fc.record({
      ringbackTimeoutMs: ms,
      callbackTimeoutMs: ms,
      presenceType: type,
      presenceId: id,
      maxParkMs: ms,
    });
    const level: fc.Arbitrary<LevelSettings> = fc.record({
      ringback_timeout_ms: ms,
      callback_timeout_ms: ms,
      presence_type: type,
      max_park_ms: ms,
    });
    const own = fc.record({ ringback_timeout: ms, callback_timeout: ms, presence_type: type, presence_id: id });
    fc.assert(
      fc.property(overrides, own, overrides, level, level, (slot, ownEntry, flow, lotLevel, tenant) => {
        const lot: LotSettings = { ...DEFAULT_LOT_SETTINGS, ...lotLevel, slots: { '101': ownEntry } };
        const policy = resolvePolicy({ ...base, slot, flow, lot, tenant });
        const first = <T>(values: readonly (T | undefined)[]): T | undefined => values.find((v) => v !== undefined);
        expect(policy.ringbackTimeoutMs).toBe(
          first([
            slot.ringbackTimeoutMs,
            ownEntry.ringback_timeout,
            flow.ringbackTimeoutMs,
            lotLevel.ringback_timeout_ms,
            tenant.ringback_timeout_ms,
            120_000,
          ]),
        );
        expect(policy.callbackTimeoutMs).toBe(
          first([
            slot.callbackTimeoutMs,
            ownEntry.callback_timeout,
            flow.callbackTimeoutMs,
            lotLevel.callback_timeout_ms,
            tenant.callback_timeout_ms,
            30_000,
          ]),
        );
        const shown = first([
          slot.presenceType,
          ownEntry.presence_type,
          flow.presenceType,
          lotLevel.presence_type,
          tenant.presence_type,
          'early' as const,
        ]);
        expect(PresenceType[policy.presenceType].toLowerCase()).toBe(shown);
        expect(policy.presenceId).toBe(first([slot.presenceId, ownEntry.presence_id, flow.presenceId, '*3101']));
        expect(policy.maxParkMs).toBe(
          first([slot.maxParkMs, flow.maxParkMs, lotLevel.max_park_ms, tenant.max_park_ms, 0]),
        );
      }),
    );
  });

  it('keeps 0 (never) as a value of its own, not as absent', () => {
    expect(resolvePolicy({ ...base, flow: { ringbackTimeoutMs: 0 } }).ringbackTimeoutMs).toBe(0);
  });

  it('gives a slot one canonical lamp, extensions one of their own, and hidden lots none', () => {
    expect(resolvePolicy({ ...base, slotId: '007' }).presenceId).toBe('*3007');
    expect(resolvePolicy({ ...base, lot: reserved(EXTENSION_LOT) }).presenceId).toBe('*68101');
    expect(resolvePolicy({ ...base, lot: reserved(HOLDING_LOT), flow: { presenceId: 'x' } }).presenceId).toBe('');
  });

  it('is not confused by slots named like built-in properties', () => {
    for (const slotId of ['constructor', 'toString', '__proto__']) {
      expect(resolvePolicy({ ...base, slotId }).ringbackTimeoutMs).toBe(120_000);
    }
  });

  it('takes the grace of a transfer from lot, tenant, system', () => {
    expect(resolveTransferGraceMs(base.lot, {}, DEFAULT_SYSTEM)).toBe(5_000);
    expect(resolveTransferGraceMs(base.lot, { transfer_grace_ms: 0 }, DEFAULT_SYSTEM)).toBe(0);
    const lot = parseLot('default', { any_slot: true, transfer_grace_ms: 2_000 });
    expect(lot.ok && resolveTransferGraceMs(lot.value, { transfer_grace_ms: 0 }, DEFAULT_SYSTEM)).toBe(2_000);
  });
});

describe('the overrides of a request', () => {
  const none = {
    ringbackTimeout: undefined,
    callbackTimeout: undefined,
    presenceType: PresenceType.UNSPECIFIED,
    presenceId: '',
    maxPark: undefined,
  };

  it('read as absent where they are absent', () => {
    expect(readOverrides(undefined)).toEqual({ ok: true, value: {} });
    const result = readOverrides(none);
    expect(result.ok && Object.values(result.value).every((value) => value === undefined)).toBe(true);
  });

  it('are read in ms, and refused with the field they stand in', () => {
    expect(
      readOverrides({
        ...none,
        ringbackTimeout: { seconds: 1, nanos: 500_000_000 },
        maxPark: { seconds: 0, nanos: 0 },
      }),
    ).toMatchObject({ ok: true, value: { ringbackTimeoutMs: 1500, maxParkMs: 0 } });
    const bad = readOverrides({
      ringbackTimeout: { seconds: 0, nanos: 120_000_000 },
      callbackTimeout: { seconds: 0, nanos: 0 },
      presenceType: PolicyOverrides.decode(Uint8Array.of(0x18, 9)).presenceType,
      presenceId: 'a b',
      maxPark: { seconds: -1, nanos: 0 },
    });
    expect(bad.ok ? [] : bad.issues.map(({ path }) => path)).toEqual([
      'overrides.ringback_timeout',
      'overrides.callback_timeout',
      'overrides.max_park',
      'overrides.presence_type',
      'overrides.presence_id',
    ]);
  });
});
