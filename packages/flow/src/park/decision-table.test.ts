import { PromptKind, Reason } from '@parkade/proto';
import { PARK_ACTIONS } from '@parkade/settings';
import { describe, expect, it } from 'vitest';
import { type Deed, deedOf, type SlotState, type Verdict, verdictOf } from './decision-table.js';
import { slotStateOf } from './slot-state.js';

/** A verdict in words. */
function words(verdict: Verdict): string {
  const kind = 'says' in verdict ? verdict.says : undefined;
  const says = kind === undefined ? '' : ` says ${PromptKind[kind]}`;
  if (verdict.is === 'wait') return `wait ${verdict.maxMs / 1000} s${says}`;
  const unanswered = verdict.is === 'rejected' && !verdict.answer ? ' unanswered' : '';
  return verdict.is + unanswered + says;
}

describe('the way in decides before the action', () => {
  it.each(PARK_ACTIONS)('a blind transfer always parks: %s', (action) => {
    expect(deedOf('blind', action)).toBe('park-transferred');
  });

  it.each(PARK_ACTIONS)('a completion takes the place of the call it replaces: %s', (action) => {
    expect(deedOf('attended', action)).toBe('complete');
  });

  it('a direct dial does what the action says', () => {
    expect(PARK_ACTIONS.map((action) => deedOf('direct', action))).toEqual([
      'reserve',
      'park-itself',
      'retrieve',
      'take-or-reserve',
    ]);
  });
});

describe('the table', () => {
  it.each<[Deed, Record<SlotState, string>]>([
    [
      'complete',
      {
        free: 'parked says OTHER_SLOT_NUMBER',
        reserved: 'parked',
        held: 'on-occupied',
        retrieving: 'on-occupied',
        none: 'leave',
      },
    ],
    [
      'park-transferred',
      {
        free: 'parked says SLOT_NUMBER',
        reserved: 'on-occupied',
        held: 'on-occupied',
        retrieving: 'on-occupied',
        none: 'leave',
      },
    ],
    [
      'park-itself',
      {
        free: 'parked',
        reserved: 'rejected unanswered',
        held: 'rejected unanswered',
        retrieving: 'rejected unanswered',
        none: 'leave',
      },
    ],
    [
      'reserve',
      {
        free: 'reserved says SLOT_NUMBER',
        reserved: 'rejected says SLOT_IN_USE',
        held: 'rejected says SLOT_IN_USE',
        retrieving: 'rejected says SLOT_IN_USE',
        none: 'leave',
      },
    ],
    [
      'retrieve',
      {
        free: 'rejected says SLOT_EMPTY',
        reserved: 'wait 3 s says SLOT_EMPTY',
        held: 'retrieve-begun',
        retrieving: 'wait 15 s says SLOT_IN_USE',
        none: 'rejected says SLOT_EMPTY',
      },
    ],
    [
      'take-or-reserve',
      {
        free: 'reserved says SLOT_NUMBER',
        reserved: 'wait 3 s says SLOT_IN_USE',
        held: 'retrieve-begun',
        retrieving: 'wait 15 s says SLOT_IN_USE',
        none: 'leave',
      },
    ],
  ])('has for %s', (deed, rows) => {
    const states = ['free', 'reserved', 'held', 'retrieving', 'none'] as const;
    expect(Object.fromEntries(states.map((state) => [state, words(verdictOf(deed, state))]))).toEqual(rows);
  });
});

describe('the state of a slot is what its owner said', () => {
  it.each<[Reason, Record<string, string>, SlotState | undefined]>([
    [Reason.SLOT_EMPTY, {}, 'free'],
    [Reason.SLOT_RESERVED, {}, 'reserved'],
    [Reason.SLOT_RETRIEVING, {}, 'retrieving'],
    [Reason.SLOT_OCCUPIED, { state: 'parked' }, 'held'],
    [Reason.SLOT_OCCUPIED, { state: 'ringback' }, 'held'],
    [Reason.SLOT_OCCUPIED, { state: 'reserved' }, 'reserved'],
    [Reason.SLOT_OCCUPIED, { state: 'retrieving' }, 'retrieving'],
    [Reason.SLOT_OCCUPIED, {}, 'held'],
    [Reason.LOT_FULL, {}, 'none'],
    [Reason.MAX_SLOT_EXCEEDED, {}, 'none'],
    [Reason.NO_OWNER, {}, undefined],
  ])('%i %j: %s', (reason, metadata, state) => {
    expect(slotStateOf(reason, metadata)).toBe(state);
  });
});
