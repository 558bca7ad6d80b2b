import { EslHeaders } from '@parkade/esl';
import { Reason } from '@parkade/proto';
import { expect, test } from 'vitest';
import { DEFAULT_ANNOUNCEMENTS } from '../config.js';
import { announcementOf } from './announcement.js';
import { isConferenceLeg } from './conference.js';
import { withheld } from './withheld.js';

const headers = (fields: Readonly<Record<string, string>>): EslHeaders => new EslHeaders(fields);

test('a leg is a conference’s while it is in one, and when it comes straight out of one (R11)', () => {
  expect(isConferenceLeg(headers({ variable_conference_call_key: 'a_b_1' }))).toBe(true);
  expect(isConferenceLeg(headers({ variable_conference_member_id: '7', variable_conference_uuid: 'u' }))).toBe(true);
  expect(isConferenceLeg(headers({ variable_conference_member_id: '7', variable_last_bridge_to: 'leg' }))).toBe(false);
  expect(isConferenceLeg(headers({ variable_current_application: 'socket' }))).toBe(false);
});

test.each([
  [{}, false, false],
  [{ 'Caller-Privacy-Hide-Name': 'false', 'Caller-Privacy-Hide-Number': 'false' }, false, false],
  [{ 'Caller-Privacy-Hide-Number': 'true' }, false, true],
  [{ variable_sip_h_Privacy: 'id' }, true, true],
  [{ variable_sip_Privacy: 'Privacy: user;critical' }, true, true],
  [{ variable_sip_h_Privacy: 'none' }, false, false],
] as const)('%o withholds the name: %s, the number: %s', (fields, name, number) => {
  expect(withheld(headers(fields))).toEqual({ name, number });
});

test('a refusal says what it is: in use, full, off, or else that it failed', () => {
  const heard = [Reason.SLOT_OCCUPIED, Reason.CALL_ALREADY_PARKED, Reason.LOT_FULL, Reason.DISABLED, Reason.NO_OWNER];
  const { inUse, full, disabled, failed } = DEFAULT_ANNOUNCEMENTS;
  expect(heard.map((reason) => announcementOf(reason, DEFAULT_ANNOUNCEMENTS))).toEqual([
    inUse,
    inUse,
    full,
    disabled,
    failed,
  ]);
});
