import { parseRingGroup, type RingGroupSettings } from '@parkade/settings';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_LEGS } from './note.js';
import { type Contacts, groupExtensions, planGroup, planLegs, planParker } from './plan.js';
import { progressOf } from './schedule.js';

function groups(all: Record<string, unknown>): (groupId: string) => RingGroupSettings | undefined {
  const read = new Map(
    Object.entries(all).map(([id, json]) => {
      const checked = parseRingGroup(id, json);
      if (!checked.ok) throw new Error(JSON.stringify(checked.issues));
      return [id, checked.value] as const;
    }),
  );
  return (id) => read.get(id);
}

const phone = (...contacts: string[]): Contacts => ({ contacts, busy: false });

function plan(all: Record<string, unknown>, contacts: Record<string, Contacts>, order = 0) {
  const input = { parkId: 'p', attempt: 1, groupId: 'g', order, ringMs: 60_000 };
  return planGroup({ ...input, groups: groups(all), contacts: new Map(Object.entries(contacts)) });
}

const members = (...extensions: string[]) => ({ members: extensions.map((extension) => ({ extension })) });

describe('planGroup', () => {
  it('ends where groups lead in a circle, though nobody should have written that', () => {
    const circle = {
      g: { members: [{ extension: '1' }, { ring_group_id: 'h' }] },
      h: { members: [{ ring_group_id: 'g' }, { extension: '2' }] },
    };
    const found = plan(circle, { 1: phone('a'), 2: phone('b') });
    expect(planLegs(found.root).map(({ contact }) => contact)).toEqual(['a', 'b']);
    expect(groupExtensions('g', groups(circle))).toEqual(['1', '2']);
  });

  it('says why nobody can be rung', () => {
    expect(plan({ g: members('1') }, { 1: phone() }).nobody).toBe('unregistered');
    expect(plan({ g: members('1') }, { 1: { contacts: ['a'], busy: true } }).nobody).toBe('busy');
    expect(plan({}, {}).nobody).toBe('no-group');
    expect(planParker('p', 1, '', phone('a'), 1_000).nobody).toBe('no-parker');
  });

  it('orders at random by its seed: the same for the same one', () => {
    const group = { g: { strategy: 'random', ...members('1', '2', '3', '4') } };
    const contacts = { 1: phone('a'), 2: phone('b'), 3: phone('c'), 4: phone('d') };
    const orderOf = (seed: number): string =>
      planLegs(plan(group, contacts, seed).root)
        .map((leg) => leg.contact)
        .join('');
    expect(orderOf(5)).toBe(orderOf(5));
    expect(new Set(Array.from({ length: 50 }, (_, seed) => orderOf(seed))).size).toBeGreaterThan(10);
  });

  it('makes no more legs than a note has room for', () => {
    const many = phone(...Array.from({ length: 60 }, (_, i) => `c${i}`));
    expect(planLegs(plan({ g: members('1', '2') }, { 1: many, 2: many }).root)).toHaveLength(MAX_LEGS);
  });
});

describe('progressOf', () => {
  it('dials every leg once, whatever ends when, and is over when the last one is', () => {
    const strategies = fc.constantFrom('simultaneous', 'sequential', 'round_robin', 'random');
    const world = fc.record({
      outer: strategies,
      inner: strategies,
      order: fc.nat(100),
      ends: fc.array(fc.integer({ min: 1, max: 25_000 }), { minLength: 5, maxLength: 5 }),
    });
    fc.assert(
      fc.property(world, ({ outer, inner, order, ends }) => {
        const all = {
          g: {
            strategy: outer,
            members: [{ extension: '1' }, { ring_group_id: 'h', delay_ms: 3_000 }, { extension: '4', delay_ms: 1_000 }],
          },
          h: { strategy: inner, members: [{ extension: '2', timeout_ms: 5_000 }, { extension: '3' }] },
        };
        const contacts = { 1: phone('a', 'b'), 2: phone('c'), 3: phone('d'), 4: phone('e') };
        const { root } = plan(all, contacts, order);
        const legs = new Map<string, { dialledAtMs: number; ended: { atMs: number; outcome: 'busy' } | undefined }>();
        const endsAt = new Map<string, number>();
        let nowMs = 0;
        for (let steps = 0; ; steps++) {
          if (steps > 200) throw new Error('it never ends');
          for (const [id, atMs] of endsAt) {
            const leg = legs.get(id);
            if (leg?.ended === undefined && leg !== undefined && atMs <= nowMs)
              legs.set(id, { ...leg, ended: { atMs: nowMs, outcome: 'busy' } });
          }
          const { dial, expired, nextMs, over } = progressOf(root, legs, 0, nowMs);
          for (const id of expired) endsAt.set(id, nowMs);
          for (const leg of dial) {
            if (legs.has(leg.legId)) throw new Error('dialled twice');
            endsAt.set(leg.legId, nowMs + (ends[legs.size] ?? 1));
            legs.set(leg.legId, { dialledAtMs: nowMs, ended: undefined });
          }
          if (over) break;
          if (expired.length > 0 || dial.length > 0) continue;
          const open = [...legs].filter(([, leg]) => leg.ended === undefined).map(([id]) => endsAt.get(id) ?? Infinity);
          nowMs = Math.max(nowMs + 1, Math.min(nextMs, ...open));
        }
        expect(legs.size).toBe(5);
      }),
    );
  });
});
