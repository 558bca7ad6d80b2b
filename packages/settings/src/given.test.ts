import { PresenceType } from '@parkade/proto';
import { describe, expect, it } from 'vitest';
import { renewed, withLampOf } from './given.js';
import { DEFAULT_LOT_SETTINGS } from './lot-settings.js';
import { type ResolveInput, resolvePolicy } from './resolve.js';
import { DEFAULT_SYSTEM } from './system-settings.js';

const before: ResolveInput = {
  ...{ slotId: '701', lot: DEFAULT_LOT_SETTINGS, tenant: {}, system: DEFAULT_SYSTEM, revision: 7 },
};
const now = { ...before, tenant: { ringback_timeout_ms: 50_000, callback_timeout_ms: 9_000 }, revision: 9 };

describe('a policy that is renewed', () => {
  it('is what the settings say now, where neither call nor flow said anything', () => {
    expect(renewed(resolvePolicy(before), resolvePolicy(now))).toEqual(resolvePolicy(now));
    expect(renewed(undefined, resolvePolicy(now))).toEqual(resolvePolicy(now));
  });

  it('keeps what the call said for itself, and that it did', () => {
    const parked = resolvePolicy({ ...before, flow: { ringbackTimeoutMs: 7_000, presenceId: 'desk' } });
    const once = renewed(parked, resolvePolicy(now));
    expect(once).toMatchObject({ ringbackTimeoutMs: 7_000, presenceId: 'desk', callbackTimeoutMs: 9_000 });
    expect(once.settingsRevision).toBe(9);
    expect(renewed(once, resolvePolicy(before))).toEqual({ ...parked, settingsRevision: 7 });
  });

  it('keeps what its flow said for the slot, and not what the lot said against the flow', () => {
    const lot = { ...DEFAULT_LOT_SETTINGS, slots: { '701': { ringback_timeout: 20_000 } } };
    const flow = { ringbackTimeoutMs: 7_000, maxParkMs: 60_000 };
    const parked = resolvePolicy({ ...before, lot, flow, slot: { presenceType: 'confirmed' } });
    expect(parked.ringbackTimeoutMs).toBe(20_000);
    expect(renewed(parked, resolvePolicy(now))).toMatchObject({
      ...{ ringbackTimeoutMs: 50_000, maxParkMs: 60_000, presenceType: PresenceType.CONFIRMED },
    });
  });

  it('has the lamp of the slot that the call was moved to', () => {
    const parked = resolvePolicy({ ...before, flow: { ringbackTimeoutMs: 7_000, presenceId: 'desk' } });
    const moved = withLampOf(parked, resolvePolicy({ ...before, slotId: '702' }));
    const lot = { ...DEFAULT_LOT_SETTINGS, presence_prefix: 'p' };
    expect(renewed(moved, resolvePolicy({ ...before, slotId: '702', lot }))).toMatchObject({
      ...{ ringbackTimeoutMs: 7_000, presenceId: 'p702' },
    });
  });
});
