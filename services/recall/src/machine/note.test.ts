import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isLegOf, legId, legIdBytes, legIdFrom } from './leg-id.js';
import { decodeNote, encodeNote, type LegOutcome, type LegState, MAX_LEGS, mergeNotes, type Note } from './note.js';

const BEGAN = 1_800_000_000_000;
const outcome = fc.constantFrom<LegOutcome>('no-answer', 'busy', 'unregistered', 'failed', 'hung-up');
const state: fc.Arbitrary<LegState> = fc.record({
  dialledAtMs: fc.integer({ min: BEGAN, max: BEGAN + 900_000 }),
  ended: fc.option(fc.record({ atMs: fc.integer({ min: BEGAN + 1, max: BEGAN + 900_000 }), outcome }), {
    nil: undefined,
  }),
});
const legs = fc.array(fc.tuple(fc.nat(6), state), { maxLength: 6 });
const note: fc.Arbitrary<Note> = legs.map((list) => ({
  beganMs: BEGAN,
  groupId: 'sales',
  order: 3,
  legs: new Map(list.map(([i, leg]) => [legId('park', 1, 'm', String(i)), leg])),
}));
const plain = ({ legs: map, ...rest }: Note) => ({ ...rest, legs: [...map].sort(([a], [b]) => (a < b ? -1 : 1)) });

describe('a note', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(note, (each) => {
        expect(decodeNote(encodeNote(each))).toEqual(each);
      }),
    );
  });

  it('fits into 2,048 bytes with as many legs as there may be, and the longest names and times', () => {
    const all = Array.from({ length: MAX_LEGS }, (_, i): [string, LegState] => [
      legId('park', 1, 'm', String(i)),
      { dialledAtMs: BEGAN + 899_999, ended: { atMs: BEGAN + 900_000, outcome: 'hung-up' } },
    ]);
    const full = { beganMs: BEGAN, groupId: 'g'.repeat(64), order: 2 ** 32 - 1, legs: new Map(all) };
    expect(encodeNote(full).byteLength).toBeLessThanOrEqual(2_048);
  });

  it('merges to the same in whatever order, and forgets nothing (N1, N2)', () => {
    fc.assert(
      fc.property(note, note, note, (a, b, c) => {
        expect(plain(mergeNotes(a, b))).toEqual(plain(mergeNotes(b, a)));
        expect(plain(mergeNotes(mergeNotes(a, b), c))).toEqual(plain(mergeNotes(a, mergeNotes(b, c))));
        expect(plain(mergeNotes(a, a))).toEqual(plain(a));
        const merged = mergeNotes(a, b);
        for (const [id, leg] of [...a.legs, ...b.legs]) {
          if (leg.ended !== undefined) expect(merged.legs.get(id)?.ended).toBeDefined();
          expect(merged.legs.has(id)).toBe(true);
        }
      }),
    );
  });

  it('is none where the bytes are none', () => {
    expect(decodeNote(Buffer.from('not a note'))).toBeUndefined();
    expect(decodeNote(new Uint8Array())?.legs.size).toBe(0);
  });
});

describe('the id of a leg', () => {
  it('is the same for the same park, attempt, member and contact, and no other', () => {
    expect(legId('p', 1, 'm', 'c')).toBe(legId('p', 1, 'm', 'c'));
    const ids = [legId('p', 1, 'm', 'c'), legId('q', 1, 'm', 'c'), legId('p', 2, 'm', 'c'), legId('p', 1, 'n', 'c')];
    ids.push(legId('p', 1, 'm', 'd'), legId('p', 1, 'mc', ''), legId('p', 1, '', 'mc'));
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(legIdFrom(legIdBytes(id))).toBe(id);
  });

  it('tells the park that it rang for, and no other UUID does', () => {
    const id = legId('p', 3, 'm', 'c');
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(isLegOf('p', id)).toBe(true);
    expect(isLegOf('q', id)).toBe(false);
    expect(isLegOf('p', 'c8e1a0de-5f4e-5a3b-9c1d-000000000001')).toBe(false);
    expect(isLegOf('p', '')).toBe(false);
  });
});
