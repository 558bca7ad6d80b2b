import type { EventMessage } from '@parkade/presence';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { testEvent } from '../testing.js';
import { isOfLife, MAX_STEPS, type ParkLife, withEvent } from './life.js';

const told = (...events: readonly EventMessage[]): ParkLife | undefined =>
  events.reduce<ParkLife | undefined>(withEvent, undefined);

const CALL = testEvent().call;
const STORY = [
  testEvent({ revision: 10, kind: 'parked', request_id: 'r1' }),
  testEvent({ revision: 12, kind: 'recalled', attempt: 1 }),
  testEvent({ revision: 13, kind: 'recall-failed', attempt: 1, reason: 'no-answer' }),
  testEvent({ revision: 17, kind: 'retrieve-begun', retriever: CALL }),
  testEvent({ revision: 18, kind: 'retrieved', retriever: CALL, reason: 'picked up' }),
];

describe('the life of a park', () => {
  it('tells when it began and ended, how, why, who took it and what came in between', () => {
    expect(told(...STORY)).toMatchObject({
      park_id: 'p1',
      parked_at_ms: 1_700_000_000_010,
      ended_at_ms: 1_700_000_000_018,
      outcome: 'retrieved',
      reason: 'picked up',
      retriever: CALL,
      recalls: 1,
      revision: 18,
    });
    expect(told(...STORY)?.steps.map(({ kind }) => kind)).toEqual(STORY.map(({ kind }) => kind));
  });

  it('goes on while nothing ended it', () => {
    expect(told(...STORY.slice(0, 3))).toMatchObject({ ended_at_ms: 0, outcome: '', retriever: null });
  });

  it('is the same however often and however late its events come again', () => {
    const again = fc.array(fc.nat(STORY.length - 1), { maxLength: 12 });
    fc.assert(
      fc.property(fc.array(again, { minLength: STORY.length, maxLength: STORY.length }), (late) => {
        // After each event some that came before it come once more.
        const events = STORY.flatMap((event, i) => [
          event,
          ...(late[i] ?? []).flatMap((j) => (j <= i ? [STORY[j]] : [])),
        ]);
        expect(told(...events.filter((event) => event !== undefined))).toEqual(told(...STORY));
      }),
    );
  });

  it('names both ends of a move', () => {
    const other = { tenant: 'acme', lot: 'sales', slot: '801', park_id: 'p2' };
    const end = { lot: 'sales', slot: '801', park_id: 'p2' };
    expect(told(testEvent({ kind: 'moved-in', other }))).toMatchObject({ moved_from: end, moved_to: null });
    const left = told(testEvent({ revision: 1 }), testEvent({ revision: 2, kind: 'moved-out', other }));
    expect(left).toMatchObject({ moved_to: end, outcome: 'moved-out' });
  });

  it('begins when its park id was made where its beginning is not known any more', () => {
    const parkId = '018bcfe5-6800-8001-8000-000000000000';
    const life = told(testEvent({ park_id: parkId, kind: 'retrieved', revision: 5 }));
    expect(life).toMatchObject({ parked_at_ms: parseInt('018bcfe56800', 16), outcome: 'retrieved' });
  });

  it('keeps a bounded number of steps, the first and the latest', () => {
    const recalls = Array.from({ length: 200 }, (_, i) => testEvent({ revision: i + 2, kind: 'recalled', attempt: i }));
    const life = told(testEvent({ revision: 1 }), ...recalls);
    expect(life?.steps).toHaveLength(MAX_STEPS);
    expect(life?.steps_left_out).toBe(201 - MAX_STEPS);
    expect([life?.steps[0]?.kind, life?.steps.at(-1)?.attempt, life?.recalls]).toEqual(['parked', 199, 200]);
  });

  it('is of parks alone: not of reservations, holds and notes', () => {
    const kinds = ['reserved', 'reservation-ended', 'move-held', 'move-dropped', 'ringback-noted', 'unknown'] as const;
    expect(kinds.filter((kind) => isOfLife(testEvent({ kind })))).toEqual([]);
    expect(isOfLife(testEvent({ kind: 'swapped' }))).toBe(true);
  });
});
