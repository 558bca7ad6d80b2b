import { describe, expect, it } from 'vitest';
import { type LoggedEvent, type Request, type Run, type Transition, violations } from './invariants.js';

const request = (requestId: string, kind: Request['kind'], parkId: string | undefined, refused = false): Request => ({
  requestId,
  kind,
  parkId,
  others: [],
  refused,
});
const transition = (revision: number, requestId: string, parkId: string, ends: boolean): Transition => ({
  slotKey: '/slots/701',
  revision,
  requestId,
  parkId,
  ends,
});
const event = (revision: number): LoggedEvent => ({
  id: `/slots/701@${revision}`,
  slotKey: '/slots/701',
  revision,
});

const GOOD: Run = {
  requests: [
    request('r1', 'park', 'p1'),
    request('r2', 'retrieve', 'p1'),
    request('r3', 'park', 'p3'),
    request('r4', 'park', undefined, true),
    request('r5', 'release', undefined),
  ],
  transitions: [transition(2, 'r1', 'p1', false), transition(4, 'r2', 'p1', true), transition(7, 'r3', 'p3', false)],
  stored: new Set(['p3']),
  events: [event(2), event(4), event(2), event(7)],
};

describe('a run', () => {
  it('is good although an event was stored twice and an outcome stayed unknown', () => {
    expect(violations(GOOD)).toEqual([]);
  });

  it('is good where the bus lost its copy of an event, and not where it lost one after that', () => {
    const lost = { ...GOOD, events: [event(7)] };
    expect(violations({ ...lost, excusedUpTo: 4 })).toEqual([]);
    expect(violations({ ...lost, excusedUpTo: 2 })).not.toEqual([]);
  });

  const bad: readonly (readonly [string, Partial<Run>, RegExp])[] = [
    ['an acknowledged park is gone', { stored: new Set() }, /p3 of r3 was acknowledged and is lost/],
    ['a park has left and is still there', { stored: new Set(['p1', 'p3']) }, /has left and is still there/],
    ['a park left twice', { transitions: [...GOOD.transitions, transition(9, 'r5', 'p1', true)] }, /left its slot 2/],
    ['a call was given away twice', { requests: [...GOOD.requests, request('r6', 'retrieve', 'p1')] }, /given away 2/],
    [
      'a refused request had an effect',
      { requests: [...GOOD.requests, request('r3', 'park', undefined, true)] },
      /refused/,
    ],
    [
      'an acknowledged one had none',
      { requests: [...GOOD.requests, request('r9', 'park', 'p3')] },
      /r9 was ack.*no effect/,
    ],
    ['a request had two effects', { transitions: [...GOOD.transitions, transition(9, 'r3', 'p9', false)] }, /r3 had 2/],
    [
      'two attempts were told two parks',
      { requests: [{ ...request('r3', 'park', 'p3'), others: ['p4'] }] },
      /p3 and p4/,
    ],
    ['an event is missing', { events: [event(2), event(7)] }, /@4 has no event/],
    ['events are out of order', { events: [event(4), event(2), event(7)] }, /came after that of revision 4/],
    ['an event has two ids', { events: [...GOOD.events, { ...event(7), id: 'other' }] }, /has the events/],
    ['an event tells of nothing', { events: [...GOOD.events, event(8)] }, /never was/],
  ];
  it.each(bad)('is bad where %s', (_, change, sentence) => {
    expect(violations({ ...GOOD, ...change }).join('\n')).toMatch(sentence);
  });
});
