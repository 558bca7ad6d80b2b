import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Action, Operation, Outcome } from './history.js';
import { linearize } from './linearize.js';
import { applyTo, type SlotState } from './slot-model.js';

let names = 0;
function operation(askedAt: number, answeredAt: number, action: Action, outcome: Outcome): Operation {
  return { name: `op-${++names}`, slot: '701', action, outcome, askedAt, answeredAt };
}

const park = (call: string): Action => ({ kind: 'park', call });
const take: Action = { kind: 'retrieve', call: undefined };
const takeCall = (call: string): Action => ({ kind: 'retrieve', call });
const get: Action = { kind: 'get' };
const done = (call: string): Outcome => ({ kind: 'done', call });
const saw = (call: string | undefined): Outcome => ({ kind: 'saw', call });
const unknown: Outcome = { kind: 'unknown' };
const occupied: Outcome = { kind: 'occupied' };
const empty: Outcome = { kind: 'empty' };
const ended: Outcome = { kind: 'ended' };

/** One after the other: every answer is as it must be. */
const STORY: readonly (readonly [Action, Outcome])[] = [
  [get, saw(undefined)],
  [take, empty],
  [park('a'), done('a')],
  [get, saw('a')],
  [park('b'), occupied],
  [park('a'), { kind: 'parked-already' }],
  [take, done('a')],
  [takeCall('a'), ended],
  [get, saw(undefined)],
  [park('c'), done('c')],
  [{ kind: 'release', call: 'c' }, done('c')],
  [{ kind: 'release', call: 'c' }, ended],
  [park('d'), unknown],
  [park('e'), occupied],
  [take, done('d')],
  [park('f'), done('f')],
  [take, unknown],
  [park('g'), done('g')],
];

const story = (steps: typeof STORY): Operation[] =>
  steps.map(([action, outcome], i) => operation(10 * i, 10 * i + 5, action, outcome));

const kindOf = (history: readonly Operation[]): string => linearize(history).kind;

describe('a history in which every answer can be explained', () => {
  it('is linearizable one after the other', () => {
    expect(kindOf(story(STORY))).toBe('yes');
  });

  it('is linearizable when answers cross', () => {
    expect(kindOf([operation(0, 9, park('a'), done('a')), operation(1, 8, get, saw(undefined))])).toBe('yes');
    expect(kindOf([operation(0, 9, park('a'), done('a')), operation(1, 2, get, saw('a'))])).toBe('yes');
    expect(kindOf([operation(0, 9, park('a'), done('a')), operation(1, 2, take, done('a'))])).toBe('yes');
  });

  it('is linearizable when an unknown outcome takes effect much later, or never', () => {
    const late = operation(0, 1, park('a'), unknown);
    expect(kindOf([late, operation(2, 3, get, saw(undefined)), operation(4, 5, get, saw('a'))])).toBe('yes');
    expect(kindOf([late, operation(2, 3, park('b'), done('b')), operation(4, 5, get, saw('b'))])).toBe('yes');
  });
});

describe('a history with one wrong answer', () => {
  const wrong: readonly (readonly [string, number, Outcome])[] = [
    ['a stale read of an empty slot', 3, saw(undefined)],
    ['a stale read of a call that has left', 8, saw('a')],
    ['a read of somebody else', 3, saw('b')],
    ['empty, while somebody is there', 6, empty],
    ['occupied, while nobody is there', 9, occupied],
    ['two parks in one slot', 4, done('b')],
    ['a call given away twice', 7, done('a')],
    ['a call that was never parked', 6, done('x')],
    ['ended, while it is there', 10, ended],
    ['a release of what has left', 11, done('c')],
    ['a call taken before it was parked', 1, done('a')],
    ['parked already, elsewhere', 9, { kind: 'parked-already' }],
    ['a park whose effect is gone', 14, empty],
  ];
  it.each(wrong)('is caught: %s', (_, index, outcome) => {
    const mutated = STORY.map((step, i) => (i === index ? ([step[0], outcome] as const) : step));
    expect(kindOf(story([...mutated, [get, saw('g')]]))).toBe('no');
  });

  it('is caught when an effect is seen, unseen and seen again', () => {
    const history = [
      operation(0, 1, park('a'), unknown),
      operation(2, 3, get, saw('a')),
      operation(4, 5, get, saw(undefined)),
      operation(6, 7, get, saw('a')),
    ];
    expect(kindOf(history)).toBe('no');
  });

  it('is caught when two answers contradict each other in time only', () => {
    const history = [operation(0, 5, park('a'), done('a')), operation(6, 9, get, saw(undefined))];
    expect(kindOf(history)).toBe('no');
  });
});

const CALLS = ['a', 'b', 'c'] as const;
const calls = fc.constantFrom(...CALLS);
const actions: fc.Arbitrary<Action> = fc.oneof(
  calls.map(park),
  fc.constant(take),
  calls.map(takeCall),
  calls.map((call): Action => ({ kind: 'release', call })),
  fc.constant(get),
);
const outcomes: fc.Arbitrary<Outcome> = fc.oneof(
  calls.map(done),
  fc.constantFrom(occupied, empty, ended, unknown, saw(undefined)),
  calls.map(saw),
);

describe('the search', () => {
  it('agrees with trying every order', () => {
    const small = fc.array(fc.tuple(fc.nat(12), fc.integer({ min: 1, max: 8 }), actions, outcomes), { maxLength: 6 });
    fc.assert(
      fc.property(small, (drawn) => {
        const history = drawn.map(([at, length, action, outcome]) => operation(at, at + length, action, outcome));
        expect(kindOf(history)).toBe(someOrderExplains(history, undefined) ? 'yes' : 'no');
      }),
      { numRuns: 2_000 },
    );
  });

  it('accepts what a slot really answers, however the answers cross', () => {
    const steps = fc.array(fc.tuple(actions, fc.nat(30), fc.nat(30), fc.boolean()), { maxLength: 80 });
    fc.assert(
      fc.property(steps, (drawn) => {
        expect(kindOf(execute(drawn))).toBe('yes');
      }),
      { numRuns: 200 },
    );
  });

  it('gives up at its bound, and says so', () => {
    const history = CALLS.map((call) => operation(0, 9, park(call), unknown));
    expect(linearize([...history, operation(10, 11, get, saw('c'))], 2).kind).toBe('undecided');
  });
});

/** Every order, without any cleverness. */
function someOrderExplains(left: readonly Operation[], state: SlotState): boolean {
  const certain = left.filter(({ outcome }) => outcome.kind !== 'unknown');
  if (certain.length === 0) return true;
  const firstAnswer = Math.min(...certain.map(({ answeredAt }) => answeredAt));
  return left.some((next) => {
    if (next.askedAt > firstAnswer) return false;
    const applied = applyTo(state, next);
    return (
      applied !== 'no' &&
      someOrderExplains(
        left.filter((other) => other !== next),
        applied.state,
      )
    );
  });
}

/** A real slot: each operation takes effect at a moment of its own, asked a while before and answered a while after. */
function execute(steps: readonly (readonly [Action, number, number, boolean])[]): Operation[] {
  let state: SlotState;
  const parked = new Set<string>();
  return steps.map(([drawn, before, after, answered], i) => {
    // A call is parked once in a history.
    const call = drawn.kind === 'park' && parked.has(drawn.call) ? `${drawn.call}${i}` : undefined;
    const action: Action = call === undefined ? drawn : park(call);
    if (action.kind === 'park') parked.add(action.call);
    const outcome = answerOf(state, action);
    if (outcome.kind === 'done') state = action.kind === 'park' ? action.call : undefined;
    const at = 10 * i;
    return operation(at - before, at + after, action, answered ? outcome : unknown);
  });
}

function answerOf(state: SlotState, action: Action): Outcome {
  switch (action.kind) {
    case 'get':
      return saw(state);
    case 'park':
      return state === undefined ? done(action.call) : occupied;
    case 'retrieve':
      if (action.call === undefined) return state === undefined ? empty : done(state);
      return state === action.call ? done(action.call) : ended;
    case 'release':
      return state === action.call ? done(action.call) : ended;
  }
}
