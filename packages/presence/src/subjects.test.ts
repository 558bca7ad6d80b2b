import { covers, isPattern, isSubject, matcher } from '@parkade/bus';
import { TransitionKind } from '@parkade/proto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EVENT_KINDS, eventKind } from './event-kinds.js';
import { EVENT_STREAM, PRESENCE_STREAM, STREAMS } from './streams.js';
import {
  clearedSubject,
  EVENT_BATCHES,
  lotPattern,
  parsePresenceSubject,
  presenceSubject,
  slotPattern,
  tenantPresencePattern,
} from './subjects.js';

const name = fc.string({
  unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
  minLength: 1,
  maxLength: 64,
});
const slotId = fc.record({ tenantId: name, lotId: name, slot: name });

describe('subjects', () => {
  it('are what the contract says', () => {
    const slot = { tenantId: 'acme', lotId: 'default', slot: '701' };
    expect(presenceSubject(slot)).toBe('parkade.v1.presence.acme.default.701');
    expect(clearedSubject(slot, '*3701')).toBe('parkade.v1.presence.acme.default.701.=2A3701');
    expect(EVENT_BATCHES).toBe('parkade.v1.events.batch');
  });

  it('cannot be broken by any names, and give them back (R23)', () => {
    fc.assert(
      fc.property(slotId, name, (slot, presenceId) => {
        const presence = presenceSubject(slot);
        const cleared = clearedSubject(slot, presenceId.padEnd(128, presenceId));
        expect([presence, cleared].every(isSubject)).toBe(true);
        expect(presence.split('.')).toHaveLength(6);
        expect(parsePresenceSubject(presence)).toEqual({ ...slot, clearedPresenceId: undefined });
        expect(parsePresenceSubject(clearedSubject(slot, presenceId))).toEqual({
          ...slot,
          clearedPresenceId: presenceId,
        });
        expect(covers(PRESENCE_STREAM.subjects[0] ?? '', cleared)).toBe(true);
        expect(covers(EVENT_STREAM.subjects[0] ?? '', EVENT_BATCHES)).toBe(true);
      }),
    );
  });

  it('of one tenant or lot never match the patterns of another (R23)', () => {
    fc.assert(
      fc.property(slotId, slotId, (one, other) => {
        const lot = lotPattern(other.tenantId, other.lotId);
        const tenant = tenantPresencePattern(other.tenantId);
        expect([lot, tenant, slotPattern(other)].every(isPattern)).toBe(true);
        const sameTenant = one.tenantId === other.tenantId;
        expect(matcher(tenant)(presenceSubject(one))).toBe(sameTenant);
        expect(matcher(lot)(presenceSubject(one))).toBe(sameTenant && one.lotId === other.lotId);
        expect(matcher(lot)(clearedSubject(other, 'x'))).toBe(true);
      }),
    );
  });

  it('that are not ours are not read', () => {
    for (const subject of [
      'parkade.v1.presence.a.b',
      'parkade.v1.presence.a.b.c.d.e',
      'parkade.v1.presence.a..c',
      'x',
    ]) {
      expect(parsePresenceSubject(subject)).toBeUndefined();
    }
  });
});

describe('streams', () => {
  it('are bounded, and do not overlap', () => {
    expect(STREAMS.every(({ maxBytes }) => maxBytes > 0)).toBe(true);
    expect(new Set(STREAMS.flatMap(({ subjects }) => subjects)).size).toBe(2);
    expect(EVENT_STREAM.duplicateWindowMs).toBeLessThanOrEqual(EVENT_STREAM.maxAgeMs);
  });
});

describe('kinds of events', () => {
  it('are different for every transition, in words joined by dashes (R24)', () => {
    const names = Object.values(EVENT_KINDS);
    expect(new Set(names).size).toBe(25);
    expect(names.every((kind) => /^[a-z]+(-[a-z]+)*$/.test(kind))).toBe(true);
    expect([eventKind(TransitionKind.PARKED), eventKind(TransitionKind.UNSPECIFIED)]).toEqual(['parked', 'unknown']);
  });
});
