import { FailedRecallNext, Reason, RecallOutcome, type SlotRecord, TransitionKind } from '@parkade/proto';
import { describe, expect, it } from 'vitest';
import { step } from './step.js';
import { at, commands as c, NAME, play } from './testing/fixtures.js';
import type { SlotCommand, Step } from './types.js';

// Every command about park p1 (its slot, where none is named) in every state of it: what happens, or why not. Reserved and
// held by call `c`; parked, ringing and being retrieved is call `a`.

const STATES = {
  free: undefined,
  reserved: play([0, c.reserve('p1', 'c')]),
  grace: play([0, c.reserve('p1', 'c')], [1, c.release('p1', 'transfer')]),
  parked: play([0, c.park('p1', 'a')]),
  ringback: play([0, c.park('p1', 'a')], [1, c.beginRecall('p1', 1)]),
  retrieving: play([0, c.park('p1', 'a')], [1, c.begin('p1', 'b', 'r1', 10_000, 's')]),
  claimed: play([0, c.park('p1', 'a')], [1, c.begin('p1', 'b', 'r1', 10_000, 's')], [2, c.claim('p1', 's')]),
  incoming: play([0, c.hold('p1')]),
  ended: play([0, c.park('p1', 'a')], [1, c.retrieve('p1', 'b')]),
} satisfies Record<string, SlotRecord | undefined>;

const COMMANDS = {
  park: c.park('p2', 'x'),
  'park the same call': c.park('p2', 'a'),
  reserve: c.reserve('p2', 'x'),
  complete: c.complete('p1', 'x'),
  'begin, oldest': c.begin(undefined, 'x', 'r2'),
  'begin, named': c.begin('p1', 'x', 'r2'),
  'retrieve, oldest': c.retrieve(undefined, 'x'),
  'retrieve, named': c.retrieve('p1', 'x'),
  confirm: c.confirm('p1', 'r1'),
  'confirm, other attempt': c.confirm('p1', 'r9'),
  'give back': c.giveBack('p1', 'r1'),
  'give back, other attempt': c.giveBack('p1', 'r9'),
  'give back, unclaimed': c.giveBack('p1', 'r1', 'busy', true),
  claim: c.claim('p1', 's'),
  'claim, guessed': c.claim('p1', 'guess'),
  abandoned: c.release('p1', 'abandoned'),
  released: c.release('p1', 'released'),
  'released, other call': c.release('p1', 'released', 'zzz'),
  transfer: c.release('p1', 'transfer'),
  escaped: c.release('p1', 'escaped'),
  extend: c.extend('p1', 60_000),
  renew: c.renew('p1', { ringbackTimeoutMs: 60_000 }),
  'move out': c.moveOut('p1'),
  'move in': {
    kind: 'move-in',
    requestId: 'move',
    park: play([0, c.park('q', 'm')]).parks[0] ?? raise(),
    parkId: 'p2',
    policy: play([0, c.park('q', 'm')]).parks[0]?.policy ?? raise(),
    from: { ...NAME, slot: '702' },
    holdMoveId: undefined,
  },
  hold: c.hold('p2', 'other-move'),
  'begin recall': c.beginRecall('p1', 1),
  'begin recall, one ahead': c.beginRecall('p1', 2),
  'note recall': c.noteRecall('p1', 1),
  answered: c.endRecall('p1', 1, RecallOutcome.ANSWERED),
  failed: c.endRecall('p1', 1, RecallOutcome.FAILED),
  'failed, escalated': c.endRecall('p1', 1, RecallOutcome.FAILED, 1, FailedRecallNext.ESCALATE),
  'failed, re-parked': c.endRecall('p1', 1, RecallOutcome.FAILED, 0, FailedRecallNext.RE_PARK),
  branched: c.endRecall('p1', 1, RecallOutcome.BRANCHED),
  expired: c.endRecall('p1', 1, RecallOutcome.EXPIRED),
  'branched, none begun': c.endRecall('p1', 0, RecallOutcome.BRANCHED),
  'expired, none begun': c.endRecall('p1', 0, RecallOutcome.EXPIRED),
  'tick, much later': c.tick,
} satisfies Record<string, SlotCommand>;

// R1, R2, R3, R4 (named parks), R5, R12 and R14 (attempts), R15 (retrieved while ringing): `+` and what happened, or why not.
const TABLE = `
                         | free           | reserved           | grace              | parked              | ringback            | retrieving          | claimed             | incoming       | ended
park                     | +PARKED        | SLOT_OCCUPIED      | SLOT_OCCUPIED      | SLOT_OCCUPIED       | SLOT_OCCUPIED       | SLOT_OCCUPIED       | SLOT_OCCUPIED       | SLOT_OCCUPIED  | +PARKED
park the same call       | +PARKED        | SLOT_OCCUPIED      | SLOT_OCCUPIED      | CALL_ALREADY_PARKED | CALL_ALREADY_PARKED | CALL_ALREADY_PARKED | CALL_ALREADY_PARKED | SLOT_OCCUPIED  | +PARKED
reserve                  | +RESERVED      | SLOT_OCCUPIED      | SLOT_OCCUPIED      | SLOT_OCCUPIED       | SLOT_OCCUPIED       | SLOT_OCCUPIED       | SLOT_OCCUPIED       | SLOT_OCCUPIED  | +RESERVED
complete                 | PARK_NOT_FOUND | +SWAPPED           | +SWAPPED           | WRONG_STATE         | WRONG_STATE         | WRONG_STATE         | WRONG_STATE         | PARK_NOT_FOUND | PARK_ENDED
begin, oldest            | SLOT_EMPTY     | SLOT_RESERVED      | SLOT_RESERVED      | +RETRIEVE_BEGUN     | +RETRIEVE_BEGUN     | SLOT_RETRIEVING     | SLOT_RETRIEVING     | SLOT_EMPTY     | SLOT_EMPTY
begin, named             | PARK_NOT_FOUND | SLOT_RESERVED      | SLOT_RESERVED      | +RETRIEVE_BEGUN     | +RETRIEVE_BEGUN     | SLOT_RETRIEVING     | SLOT_RETRIEVING     | PARK_NOT_FOUND | PARK_ENDED
retrieve, oldest         | SLOT_EMPTY     | SLOT_RESERVED      | SLOT_RESERVED      | +RETRIEVED          | +RETRIEVED          | SLOT_RETRIEVING     | SLOT_RETRIEVING     | SLOT_EMPTY     | SLOT_EMPTY
retrieve, named          | PARK_NOT_FOUND | SLOT_RESERVED      | SLOT_RESERVED      | +RETRIEVED          | +RETRIEVED          | SLOT_RETRIEVING     | SLOT_RETRIEVING     | PARK_NOT_FOUND | PARK_ENDED
confirm                  | PARK_NOT_FOUND | WRONG_STATE        | WRONG_STATE        | RETRIEVE_EXPIRED    | RETRIEVE_EXPIRED    | +RETRIEVED          | +RETRIEVED          | PARK_NOT_FOUND | PARK_ENDED
confirm, other attempt   | PARK_NOT_FOUND | WRONG_STATE        | WRONG_STATE        | RETRIEVE_EXPIRED    | RETRIEVE_EXPIRED    | RETRIEVE_EXPIRED    | RETRIEVE_EXPIRED    | PARK_NOT_FOUND | PARK_ENDED
give back                | PARK_NOT_FOUND | WRONG_STATE        | WRONG_STATE        | RETRIEVE_EXPIRED    | RETRIEVE_EXPIRED    | +GIVEN_BACK         | +GIVEN_BACK         | PARK_NOT_FOUND | PARK_ENDED
give back, other attempt | PARK_NOT_FOUND | WRONG_STATE        | WRONG_STATE        | RETRIEVE_EXPIRED    | RETRIEVE_EXPIRED    | RETRIEVE_EXPIRED    | RETRIEVE_EXPIRED    | PARK_NOT_FOUND | PARK_ENDED
give back, unclaimed     | PARK_NOT_FOUND | WRONG_STATE        | WRONG_STATE        | RETRIEVE_EXPIRED    | RETRIEVE_EXPIRED    | +GIVEN_BACK         | PICKUP_CLAIMED      | PARK_NOT_FOUND | PARK_ENDED
claim                    | PARK_NOT_FOUND | PICKUP_REFUSED     | PICKUP_REFUSED     | PICKUP_REFUSED      | PICKUP_REFUSED      | +PICKUP_CLAIMED     | PICKUP_REFUSED      | PARK_NOT_FOUND | PARK_ENDED
claim, guessed           | PARK_NOT_FOUND | PICKUP_REFUSED     | PICKUP_REFUSED     | PICKUP_REFUSED      | PICKUP_REFUSED      | PICKUP_REFUSED      | PICKUP_REFUSED      | PARK_NOT_FOUND | PARK_ENDED
abandoned                | PARK_NOT_FOUND | +RESERVATION_ENDED | +RESERVATION_ENDED | +ABANDONED          | +ABANDONED          | +ABANDONED          | +ABANDONED          | PARK_NOT_FOUND | PARK_ENDED
released                 | PARK_NOT_FOUND | +RESERVATION_ENDED | +RESERVATION_ENDED | +RELEASED           | +RELEASED           | +RELEASED           | +RELEASED           | PARK_NOT_FOUND | PARK_ENDED
released, other call     | PARK_NOT_FOUND | WRONG_CALL         | WRONG_CALL         | WRONG_CALL          | WRONG_CALL          | WRONG_CALL          | WRONG_CALL          | PARK_NOT_FOUND | PARK_ENDED
transfer                 | PARK_NOT_FOUND | +RESERVATION_GRACE | WRONG_STATE        | WRONG_STATE         | WRONG_STATE         | WRONG_STATE         | WRONG_STATE         | PARK_NOT_FOUND | PARK_ENDED
escaped                  | PARK_NOT_FOUND | WRONG_STATE        | WRONG_STATE        | +ESCAPED            | +ESCAPED            | SLOT_RETRIEVING     | SLOT_RETRIEVING     | PARK_NOT_FOUND | PARK_ENDED
extend                   | PARK_NOT_FOUND | WRONG_STATE        | WRONG_STATE        | +EXTENDED           | WRONG_STATE         | WRONG_STATE         | WRONG_STATE         | PARK_NOT_FOUND | PARK_ENDED
renew                    | PARK_NOT_FOUND | WRONG_STATE        | WRONG_STATE        | +EXTENDED           | WRONG_STATE         | WRONG_STATE         | WRONG_STATE         | PARK_NOT_FOUND | PARK_ENDED
move out                 | PARK_NOT_FOUND | WRONG_STATE        | WRONG_STATE        | +MOVED_OUT          | WRONG_STATE         | WRONG_STATE         | WRONG_STATE         | PARK_NOT_FOUND | PARK_ENDED
move in                  | +MOVED_IN      | SLOT_OCCUPIED      | SLOT_OCCUPIED      | SLOT_OCCUPIED       | SLOT_OCCUPIED       | SLOT_OCCUPIED       | SLOT_OCCUPIED       | SLOT_OCCUPIED  | +MOVED_IN
hold                     | +MOVE_HELD     | SLOT_OCCUPIED      | SLOT_OCCUPIED      | SLOT_OCCUPIED       | SLOT_OCCUPIED       | SLOT_OCCUPIED       | SLOT_OCCUPIED       | SLOT_OCCUPIED  | +MOVE_HELD
begin recall             | PARK_NOT_FOUND | WRONG_STATE        | WRONG_STATE        | +RECALLED           | WRONG_ATTEMPT       | WRONG_STATE         | WRONG_STATE         | PARK_NOT_FOUND | PARK_ENDED
begin recall, one ahead  | PARK_NOT_FOUND | WRONG_ATTEMPT      | WRONG_ATTEMPT      | WRONG_ATTEMPT       | WRONG_STATE         | WRONG_ATTEMPT       | WRONG_ATTEMPT       | PARK_NOT_FOUND | PARK_ENDED
note recall              | PARK_NOT_FOUND | WRONG_ATTEMPT      | WRONG_ATTEMPT      | WRONG_ATTEMPT       | +RINGBACK_NOTED     | WRONG_ATTEMPT       | WRONG_ATTEMPT       | PARK_NOT_FOUND | PARK_ENDED
answered                 | PARK_NOT_FOUND | WRONG_ATTEMPT      | WRONG_ATTEMPT      | WRONG_ATTEMPT       | +RECALL_ANSWERED    | WRONG_ATTEMPT       | WRONG_ATTEMPT       | PARK_NOT_FOUND | PARK_ENDED
failed                   | PARK_NOT_FOUND | WRONG_ATTEMPT      | WRONG_ATTEMPT      | WRONG_ATTEMPT       | +RECALL_FAILED      | WRONG_ATTEMPT       | WRONG_ATTEMPT       | PARK_NOT_FOUND | PARK_ENDED
failed, escalated        | PARK_NOT_FOUND | WRONG_ATTEMPT      | WRONG_ATTEMPT      | WRONG_ATTEMPT       | +ESCALATED          | WRONG_ATTEMPT       | WRONG_ATTEMPT       | PARK_NOT_FOUND | PARK_ENDED
failed, re-parked        | PARK_NOT_FOUND | WRONG_ATTEMPT      | WRONG_ATTEMPT      | WRONG_ATTEMPT       | +RE_PARKED          | WRONG_ATTEMPT       | WRONG_ATTEMPT       | PARK_NOT_FOUND | PARK_ENDED
branched                 | PARK_NOT_FOUND | WRONG_ATTEMPT      | WRONG_ATTEMPT      | WRONG_ATTEMPT       | +BRANCHED           | WRONG_ATTEMPT       | WRONG_ATTEMPT       | PARK_NOT_FOUND | PARK_ENDED
expired                  | PARK_NOT_FOUND | WRONG_ATTEMPT      | WRONG_ATTEMPT      | WRONG_ATTEMPT       | +EXPIRED            | WRONG_ATTEMPT       | WRONG_ATTEMPT       | PARK_NOT_FOUND | PARK_ENDED
branched, none begun     | PARK_NOT_FOUND | WRONG_STATE        | WRONG_STATE        | +BRANCHED           | WRONG_ATTEMPT       | WRONG_STATE         | WRONG_STATE         | PARK_NOT_FOUND | PARK_ENDED
expired, none begun      | PARK_NOT_FOUND | WRONG_STATE        | WRONG_STATE        | +EXPIRED            | WRONG_ATTEMPT       | WRONG_STATE         | WRONG_STATE         | PARK_NOT_FOUND | PARK_ENDED
tick, much later         | nothing        | nothing            | +RESERVATION_ENDED | nothing             | nothing             | +GIVEN_BACK         | +GIVEN_BACK         | +MOVE_DROPPED  | nothing
`;

const [header = [], ...rows] = TABLE.trim()
  .split('\n')
  .map((line) => line.split('|').map((cell) => cell.trim()));

describe.each(rows)('%s', (name, ...cells) => {
  it.each(cells.map((cell, i) => [header[i + 1] ?? '', cell]))(`${name} in %s: %s`, (state, expected) => {
    const ctx = name === 'tick, much later' ? at(3_600_000) : at(100);
    const command = new Map<string, SlotCommand>(Object.entries(COMMANDS)).get(name) ?? raise();
    expect(said(step(new Map(Object.entries(STATES)).get(state), command, ctx))).toBe(expected);
  });
});

it('covers every state, and every command but one, whose only matter is a hold', () => {
  expect(header.slice(1)).toEqual(Object.keys(STATES));
  expect(rows.map(([name]) => name)).toEqual(Object.keys(COMMANDS));
  expect(new Set(Object.values(COMMANDS).map(({ kind }) => kind)).size).toBe(18);
});

/** A transition's kind after `+`, a refusal's reason, or `nothing`. */
function said(result: Step): string {
  if (result.kind === 'apply') return `+${TransitionKind[result.record.last?.kind ?? 0]}`;
  return result.kind === 'refuse' ? Reason[result.refusal.reason] : 'nothing';
}

function raise(): never {
  throw new Error('the fixture has no park');
}
