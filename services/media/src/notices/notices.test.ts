import type { PresenceMessage } from '@parkade/presence';
import { DEFAULT_CODES } from '@parkade/settings';
import { expect, test } from 'vitest';
import { type Notice, NoticeBoard } from './notice-board.js';
import { noticeText, notifyCommand, toldOf } from './park-info.js';

type Caller = NonNullable<PresenceMessage['caller']>;

function caller(callId: string, number = '5550100'): Caller {
  const call = { media_node: 'media-1', call_id: callId, caller_name: 'Ada', caller_number: number, sip_call_id: '' };
  return { ...call, direction: 'inbound' };
}
const parker = { user_id: '1001', device_id: '', extension: '1001' };

function says(
  version: number,
  parkId: string,
  who: Caller | null,
  left: PresenceMessage['left'] = null,
): PresenceMessage {
  const lamp = { state: who === null ? 'terminated' : 'early', presence_id: '*3701', since_ms: version } as const;
  const at = { tenant: 'acme', lot: 'default', slot: '701', version, document: '' };
  return {
    ...at,
    ...lamp,
    caller: who,
    parker: who === null ? null : parker,
    left,
    park_ids: who === null ? [] : [parkId],
  };
}

const told = (notices: readonly Notice[]): readonly string[] =>
  notices.map(({ kind, occupant }) => `${kind} ${occupant.callId}`);

test('a parked call is told of once, and once when it is there no more (N1, N2)', () => {
  const board = new NoticeBoard(10);
  expect(told(board.apply(says(1, 'p1', caller('c1'))))).toEqual(['parked c1']);
  expect(board.apply(says(1, 'p1', caller('c1')))).toEqual([]);
  expect(board.apply(says(2, 'p1', caller('c1')))).toEqual([]);
  expect(told(board.apply(says(3, '', null)))).toEqual(['cleared c1']);
  expect(board.apply(says(4, '', null))).toEqual([]);
  expect(told(board.apply(says(5, 'p2', caller('c2'))))).toEqual(['parked c2']);
  expect(told(board.apply(says(6, 'p3', caller('c3'))))).toEqual(['parked c3']);
  expect(told(board.since(6))).toEqual(['parked c3']);
  expect(board.since(7)).toEqual([]);
});

test('a reservation is not told of; its completed transfer is (N3)', () => {
  const board = new NoticeBoard(10);
  expect(board.apply(says(1, 'p1', caller('consult', '1001')))).toEqual([]);
  expect(told(board.apply(says(2, 'p1', caller('c1'))))).toEqual(['parked c1']);
});

test('an end that happened before this process listened is told to whoever parked that call', () => {
  const board = new NoticeBoard(10);
  const left = { caller: caller('c1'), parker };
  expect(board.apply(says(9, '', null, left)).map(({ occupant }) => occupant.parker)).toEqual(['1001']);
});

test('told are, as set, the parker, the extension, and the members of its group, each once (R20)', () => {
  const [notice] = new NoticeBoard(1).apply(says(1, 'p1', caller('c1')));
  if (notice === undefined) throw new Error('nothing told');
  const all = { parker: true, target: true, group: true };
  const members = ['1002', '1001', '1003'].map((extension) => ({ extension, enabled: true }));
  const group = (): { members: typeof members } => ({ members });
  expect(toldOf(notice, all, group)).toEqual(['1001']);
  const atExtension = { ...notice, lotId: '_extensions', slot: '1002' };
  expect(toldOf(atExtension, all, group)).toEqual(['1001', '1002', '1003']);
  expect(toldOf(atExtension, { ...all, parker: false, group: false }, group)).toEqual(['1002']);
});

test('the text says who waits, where, by whom and how to get him; a clear says where alone', () => {
  const [notice] = new NoticeBoard(1).apply(says(1, 'p1', { ...caller('c1'), caller_name: 'Ada\r\nState: cleared' }));
  if (notice === undefined) throw new Error('nothing told');
  expect(noticeText(notice, DEFAULT_CODES)).toBe(
    'State: parked\r\nSlot: 701\r\nLot: default\r\nParked-By: 1001\r\nCaller-Name: Ada  State: cleared\r\n' +
      'Caller-Number: 5550100\r\nRetrieve: *5701\r\n',
  );
  expect(noticeText({ ...notice, kind: 'cleared' }, DEFAULT_CODES)).toBe(
    'State: cleared\r\nSlot: 701\r\nLot: default\r\n',
  );
  expect(noticeText({ ...notice, lotId: '_extensions', slot: '1002' }, DEFAULT_CODES)).toContain('Retrieve: *881002');
  expect(notifyCommand('1001', 'acme.example', 'internal', 'x')).toMatchObject({ line: 'sendevent NOTIFY', body: 'x' });
});
