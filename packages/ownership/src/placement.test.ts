import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { place, type PlacedMember } from './placement.js';

const version = '1.0.0';
const idsArb = fc.uniqueArray(fc.stringMatching(/^[a-z0-9-]{1,12}$/), { minLength: 1, maxLength: 10 });
const membersArb = idsArb.map((ids) => ids.map((memberId) => ({ memberId, version, draining: false })));
const partitions = Array.from({ length: 256 }, (_, i) => i);

function loadsOf(placed: ReadonlyMap<number, string>, members: readonly PlacedMember[]): Map<string, number> {
  const loads = new Map(members.map(({ memberId }) => [memberId, 0]));
  for (const memberId of placed.values()) loads.set(memberId, (loads.get(memberId) ?? 0) + 1);
  return loads;
}

describe('placement', () => {
  it('places every partition, no member above ceil(P / N) (P2)', () => {
    fc.assert(
      fc.property(membersArb, fc.integer({ min: 0, max: 300 }), (members, count) => {
        const placed = place(
          Array.from({ length: count }, (_, i) => i),
          members,
        );
        expect(placed.size).toBe(count);
        for (const load of loadsOf(placed, members).values()) {
          expect(load).toBeLessThanOrEqual(Math.ceil(count / members.length));
        }
      }),
      { numRuns: 50 },
    );
  });

  it('does not depend on the order of members or partitions (P1)', () => {
    fc.assert(
      fc.property(membersArb, fc.nat(), (members, turn) => {
        const rotated = [...members.slice(turn % members.length), ...members.slice(0, turn % members.length)].reverse();
        const again = place([...partitions].reverse(), rotated);
        for (const [partition, memberId] of place(partitions, members)) expect(again.get(partition)).toBe(memberId);
      }),
      { numRuns: 50 },
    );
  });

  it('moves the partitions of a member that leaves, and few others (P5)', () => {
    fc.assert(
      fc.property(membersArb, (members) => {
        const [leaver, ...rest] = members;
        if (leaver === undefined || rest.length === 0) return;
        const [before, after] = [place(partitions, members), place(partitions, rest)];
        const others = partitions.filter(
          (partition) => before.get(partition) !== after.get(partition) && before.get(partition) !== leaver.memberId,
        );
        expect(others.length).toBeLessThanOrEqual(256 * 0.12);
      }),
      { numRuns: 100 },
    );
  });

  it('moves little more than its share to a member that joins', () => {
    fc.assert(
      fc.property(membersArb, (members) => {
        const [joiner, ...rest] = members;
        if (joiner === undefined || rest.length === 0) return;
        const [before, after] = [place(partitions, rest), place(partitions, members)];
        const moved = partitions.filter((partition) => before.get(partition) !== after.get(partition));
        expect(moved.length).toBeLessThanOrEqual(256 / members.length + 256 * 0.12);
      }),
      { numRuns: 100 },
    );
  });

  it('gives draining members nothing, unless all are (P3)', () => {
    const [a, b] = [
      { memberId: 'a', version, draining: true },
      { memberId: 'b', version, draining: false },
    ];
    expect(new Set(place(partitions, [a, b]).values())).toEqual(new Set(['b']));
    expect(new Set(place(partitions, [a]).values())).toEqual(new Set(['a']));
    expect(place(partitions, []).size).toBe(0);
  });

  it('fills the newest first, up to one and a half fair shares, and leaves the rest to the old (P4)', () => {
    const old = ['a', 'b', 'c'].map((memberId) => ({ memberId, version: '1.9.0', draining: false }));
    const members = [...old, { memberId: 'd', version: '1.10.0', draining: false }];
    const loads = loadsOf(place(partitions, members), members);
    expect(loads.get('d')).toBe(96);
    for (const { memberId } of old) expect(loads.get(memberId)).toBeLessThanOrEqual(64);
    expect(place(partitions, old).size).toBe(256);
  });
});
