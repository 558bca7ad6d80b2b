import type { PresenceMessage } from '@parkade/presence';
import { expect, test } from 'vitest';
import { LampBoard } from './lamp-board.js';

function says(
  slot: string,
  state: PresenceMessage['state'],
  version: number,
  presenceId = `*3${slot}`,
): PresenceMessage {
  const nobody = { caller: null, parker: null, left: null, park_ids: [], since_ms: 0, document: '' };
  return { tenant: 'acme', lot: 'default', slot, state, presence_id: presenceId, version, ...nobody };
}

const shown = (lamps: readonly { presenceId: string; state: string }[]): readonly string[] =>
  lamps.map(({ presenceId, state }) => `${presenceId} ${state}`);

test('each change of a lamp is told once, in order; an old or repeated message changes nothing (B1, B2)', () => {
  const board = new LampBoard(10);
  const told = [
    ...board.apply(says('701', 'early', 5)),
    ...board.apply(says('701', 'early', 5)),
    ...board.apply(says('701', 'terminated', 4)),
    ...board.apply(says('701', 'early', 6)),
    ...board.apply(says('701', 'terminated', 7)),
  ];
  expect(shown(told)).toEqual(['*3701 early', '*3701 terminated']);
});

test('a slot that lights another lamp puts the one before out, told by itself or by the message for it (B2)', () => {
  const board = new LampBoard(10);
  board.apply(says('701', 'early', 1, 'desk'));
  expect(shown(board.apply(says('701', 'confirmed', 2, 'other')))).toEqual(['desk terminated', 'other confirmed']);
  expect(board.clear(says('701', 'terminated', 2, 'desk'))).toEqual([]);
  const late = new LampBoard(10);
  expect(shown(late.clear(says('701', 'terminated', 2, 'desk')))).toEqual(['desk terminated']);
  expect(shown(late.apply(says('701', 'confirmed', 2, 'other')))).toEqual(['other confirmed']);
  expect(late.clear(says('701', 'terminated', 1, 'other'))).toEqual([]);
});

test('a lamp that two slots light is dark when neither does (B2)', () => {
  const board = new LampBoard(10);
  board.apply(says('701', 'early', 1, 'sales'));
  expect(board.apply(says('702', 'early', 2, 'sales'))).toEqual([]);
  expect(board.apply(says('701', 'terminated', 3, 'sales'))).toEqual([]);
  expect(shown(board.apply(says('702', 'terminated', 4, 'sales')))).toEqual(['sales terminated']);
});

test('past its bound new slots are not followed, and known ones are (B3)', () => {
  const board = new LampBoard(1);
  board.apply(says('701', 'early', 1));
  expect(board.apply(says('702', 'early', 2))).toEqual([]);
  expect(shown(board.apply(says('701', 'terminated', 3)))).toEqual(['*3701 terminated']);
  expect(shown(board.all())).toEqual(['*3701 terminated']);
});
