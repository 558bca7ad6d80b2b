import { DEFAULT_RESERVED_LOTS, DEFAULT_LOT_SETTINGS, parseLot } from './lot-settings.js';
import { EXTENSION_LOT, HOLDING_LOT } from '@parkade/ids';
import { RecallTerms } from '@parkade/proto';
import { openEmbeddedStore } from '@parkade/store';
import { ManualClock } from '@parkade/clock';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RecallExit } from './recall-settings.js';
import { recallPolicyOf, recallTerms } from './recall-terms.js';
import { DEFAULT_CALLER_ID, resolveRecall } from './resolve-recall.js';
import { parseRingGroup } from './ring-group-settings.js';
import { DEFAULT_SYSTEM, parseSystem } from './system-settings.js';
import { DEFAULT_TENANT, parseTenant } from './tenant-settings.js';
import { applySettings } from './writes/apply-settings.js';
import { putRingGroup } from './writes/put-ring-group.js';

function faults(recall: unknown): string[] {
  const checked = parseTenant({ recall }, ['tenants', 'acme', 'settings']);
  return checked.ok ? [] : checked.issues.map(({ path, message }) => `${path}: ${message}`);
}

describe('a recall policy is refused with the path of its fault', () => {
  it.each([
    ['a ring-group mode without a group', { recall_to: 'RING_GROUP_ONLY' }, 'ring_group_id: is required with'],
    [
      'a group without a ring-group mode',
      { recall_to: 'USER_ONLY', ring_group_id: 'g' },
      'ring_group_id: is only valid',
    ],
    ['a group without any mode', { ring_group_id: 'g' }, 'ring_group_id: is only valid with'],
    ['a mode that is none', { recall_to: 'NOBODY' }, 'recall_to: must be one of USER_ONLY'],
    ['seconds for ms', { retry_interval_ms: 10 }, 'retry_interval_ms: must be 0 or at least 1000: the unit is ms'],
    ['too long a wait', { ring_group_time_ms: 900_001 }, 'ring_group_time_ms: must be at most 900000'],
    ['attempts below none', { attempts: -1 }, 'attempts: must not be negative'],
    ['a fallback without a kind', { fallback: {} }, 'fallback.to: must have `to`'],
    ['a destination that is missing', { fallback: { to: 'destination' } }, 'fallback.destination: '],
    ['a fallback group that is missing', { fallback: { to: 'ring_group' } }, 'fallback.ring_group_id: '],
    ['an unknown placeholder', { caller_id: '{lot}: {name}' }, 'caller_id: {lot} is no placeholder'],
    ['an unknown key', { recall: 1 }, 'recall: unknown key'],
  ])('%s', (_, recall, expected) => {
    expect(faults(recall).join('\n')).toContain(`tenants.acme.settings.recall.${expected}`);
  });

  it('takes every value at its bound', () => {
    expect(
      faults({ recall_to: 'USER_FIRST_THEN_RING_GROUP', ring_group_id: 'g', ring_group_time_ms: 900_000 }),
    ).toEqual([]);
    expect(faults({ attempts: 10_000, retry_interval_ms: 0, fallback: { to: 'voicemail' }, alert_info: '' })).toEqual(
      [],
    );
  });
});

describe('a ring group is refused with the path of its fault', () => {
  it.each([
    ['no members', { members: [] }, 'members: a ring group needs'],
    ['a member that is nobody', { members: [{}] }, 'members[0].extension: either extension or ring_group_id'],
    ['a member that is two', { members: [{ extension: '1', ring_group_id: 'h' }] }, 'members[0].extension: either'],
    ['the same member twice', { members: [{ extension: '1' }, { extension: '1' }] }, 'members[1].extension: 1 is a'],
    [
      'a group with a time of its own',
      { members: [{ ring_group_id: 'h', timeout_ms: 5_000 }] },
      'members[0].timeout_ms',
    ],
    ['a time in seconds', { members: [{ extension: '1', timeout_ms: 20 }] }, 'members[0].timeout_ms: must be 0 or at'],
    ['a strategy that is none', { strategy: 'all', members: [{ extension: '1' }] }, 'strategy: must be one of'],
  ])('%s', (_, json, expected) => {
    const checked = parseRingGroup('g', json);
    expect(checked.ok ? [] : checked.issues.map(({ path, message }) => `${path}: ${message}`).join()).toContain(
      expected,
    );
  });
});

describe('groups inside groups', () => {
  const open = () => openEmbeddedStore({ clock: new ManualClock() });
  const tenant = (ring_groups: unknown, settings: unknown = {}) => ({ tenants: { acme: { settings, ring_groups } } });

  it('are refused where they lead in a circle, in a document', async () => {
    const store = await open();
    const result = await applySettings(
      store,
      tenant({
        a: { members: [{ extension: '1' }, { ring_group_id: 'b' }] },
        b: { members: [{ ring_group_id: 'a' }] },
      }),
    );
    expect(result).toMatchObject({
      ok: false,
      issues: [
        { path: 'tenants.acme.ring_groups.a.members[1].ring_group_id', message: 'leads in a circle: a, b, a' },
        { path: 'tenants.acme.ring_groups.b.members[0].ring_group_id', message: 'leads in a circle: b, a, b' },
      ],
    });
  });

  it('are refused where they lead in a circle through what is stored', async () => {
    const store = await open();
    expect(await putRingGroup(store, 'acme', 'a', { members: [{ extension: '1' }] })).toMatchObject({ ok: true });
    expect(await putRingGroup(store, 'acme', 'b', { members: [{ ring_group_id: 'a' }] })).toMatchObject({ ok: true });
    expect(await putRingGroup(store, 'acme', 'a', { members: [{ ring_group_id: 'b' }] })).toMatchObject({
      ok: false,
      issues: [{ path: 'members[0].ring_group_id', message: 'leads in a circle: a, b, a' }],
    });
    expect(await putRingGroup(store, 'acme', 'c', { members: [{ ring_group_id: 'x' }] })).toMatchObject({
      issues: [{ message: 'the tenant has no ring group x' }],
    });
  });

  it('must exist where a policy names them', async () => {
    const store = await open();
    const recall = {
      recall_to: 'RING_GROUP_ONLY',
      ring_group_id: 'sales',
      fallback: { to: 'ring_group', ring_group_id: 'x' },
    };
    const sales = { sales: { members: [{ extension: '1' }] } };
    expect(await applySettings(store, tenant(sales, { recall }))).toMatchObject({
      ok: false,
      issues: [
        { path: 'tenants.acme.settings.recall.fallback.ring_group_id', message: 'the tenant has no ring group x' },
      ],
    });
    expect(await applySettings(store, tenant({ ...sales, x: sales.sales }, { recall }))).toMatchObject({ ok: true });
  });
});

describe('resolveRecall', () => {
  const value = <T>(checked: { ok: true; value: T } | { ok: false }): T => {
    if (!checked.ok) throw new Error('refused');
    return checked.value;
  };

  it('rings the parker for ever, each time after the whole time, where nobody says otherwise', () => {
    expect(resolveRecall(DEFAULT_LOT_SETTINGS, DEFAULT_TENANT, DEFAULT_SYSTEM)).toMatchObject({
      recallTo: 'USER_ONLY',
      retryIntervalMs: 0,
      attempts: 0,
      fallback: { to: 'wait' },
      callerId: 'Parking slot {slot} - {name}',
      ringAtOnce: false,
    });
  });

  it('takes each value from lot, tenant, system, in this order; mode and group go together', () => {
    const system = value(parseSystem({ recall: { attempts: 9, alert_info: 'system', retry_interval_ms: 20_000 } }));
    const group = { recall_to: 'RING_GROUP_ONLY', ring_group_id: 'g' };
    const tenant = value(parseTenant({ recall: { ...group, attempts: 5, alert_info: 'tenant' } }));
    const lot = value(parseLot('l', { any_slot: true, recall: { recall_to: 'USER_ONLY', alert_info: 'lot' } }));
    expect(resolveRecall(lot, tenant, system)).toMatchObject({
      recallTo: 'USER_ONLY',
      ringGroupId: undefined,
      attempts: 5,
      alertInfo: 'lot',
      retryIntervalMs: 20_000,
    });
    expect(resolveRecall(undefined, tenant, DEFAULT_SYSTEM)).toMatchObject({
      ringGroupId: 'g',
      retryIntervalMs: 10_000,
    });
  });

  it('rings the parker at once for a call of the holding lot', () => {
    const holding = DEFAULT_RESERVED_LOTS.get(HOLDING_LOT);
    expect(resolveRecall(holding, DEFAULT_TENANT, DEFAULT_SYSTEM)).toMatchObject({
      ringAtOnce: true,
      retryIntervalMs: 30_000,
    });
  });
});

describe('what a park keeps of whom it rings', () => {
  const lot = DEFAULT_RESERVED_LOTS.get(EXTENSION_LOT);

  it('survives its way into the record and back', () => {
    const exit = fc.constantFrom<RecallExit>(
      { to: 'wait' },
      { to: 'disconnect' },
      { to: 'voicemail' },
      { to: 'voicemail', mailbox: '100' },
      { to: 'destination', destination: '0' },
      { to: 'ring_group', ring_group_id: 'r' },
    );
    const recall = fc.record(
      {
        recall_to: fc.constantFrom('USER_FIRST_THEN_RING_GROUP' as const, 'RING_GROUP_ONLY' as const),
        ring_group_id: fc.constant('night'),
        ring_group_time_ms: fc.integer({ min: 1_000, max: 900_000 }),
        retry_interval_ms: fc.constantFrom(0, 1_000, 60_000),
        attempts: fc.nat(100),
        fallback: exit,
        caller_id: fc.constantFrom('Park {slot}', DEFAULT_CALLER_ID),
        alert_info: fc.constantFrom('', 'ring-2'),
        follow_forwarding: fc.boolean(),
      },
      { requiredKeys: ['recall_to', 'ring_group_id'] },
    );
    fc.assert(
      fc.property(fc.option(recall, { nil: undefined }), (stored) => {
        const policy = resolveRecall(lot, { recall: stored }, DEFAULT_SYSTEM);
        const kept = RecallTerms.decode(RecallTerms.encode(recallTerms(policy)).finish());
        expect(recallPolicyOf(kept, EXTENSION_LOT)).toEqual(policy);
      }),
    );
  });

  it('costs nothing where everything is the default', () => {
    const policy = resolveRecall(DEFAULT_LOT_SETTINGS, DEFAULT_TENANT, DEFAULT_SYSTEM);
    expect(RecallTerms.encode(recallTerms(policy)).finish()).toHaveLength(0);
  });

  it('is the group’s own word for a park its hunt has placed, and everybody’s times', () => {
    const group = { recall_to: 'RING_GROUP_ONLY', ring_group_id: 'night' } as const;
    const tenant = { recall: { recall_to: 'USER_ONLY', ring_group_time_ms: 90_000 } as const };
    expect(resolveRecall(lot, tenant, DEFAULT_SYSTEM, group)).toMatchObject({
      recallTo: 'RING_GROUP_ONLY',
      ringGroupId: 'night',
      ringGroupTimeMs: 90_000,
    });
    expect(resolveRecall(lot, tenant, DEFAULT_SYSTEM, {})).toMatchObject({ recallTo: 'USER_ONLY' });
  });
});
