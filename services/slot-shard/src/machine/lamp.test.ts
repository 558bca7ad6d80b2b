import { PresenceType } from '@parkade/proto';
import { describe, expect, it } from 'vitest';
import { presenceOf } from '@parkade/slots';
import { emptyRecord } from './parks.js';
import { step } from './step.js';
import { applied, at, commands as c, NAME, play, policy } from './testing/fixtures.js';

const custom = { policy: policy({ presenceId: 'desk', presenceType: PresenceType.CONFIRMED }) };

describe('the lamp of a slot (R19)', () => {
  it('is dark before anything happened, and shows no id', () => {
    expect(presenceOf(emptyRecord(NAME))).toEqual({ type: PresenceType.TERMINATED, presenceId: '' });
  });

  it('shows what the policy says while a call waits, rings back or is being retrieved', () => {
    const parked = play([0, c.park('p1', 'a', custom)]);
    const ringing = play([0, c.park('p1', 'a', custom)], [1, c.beginRecall('p1', 1)]);
    const retrieving = play([0, c.park('p1', 'a', custom)], [1, c.begin('p1', 'b', 'r1')]);
    for (const record of [parked, ringing, retrieving]) {
      expect(presenceOf(record)).toEqual({ type: PresenceType.CONFIRMED, presenceId: 'desk' });
      expect(record.litPresenceId).toBe('desk');
    }
  });

  it('is lit for a reservation: a slot that refuses a call does not look free', () => {
    expect(presenceOf(play([0, c.reserve('p1', 'c')])).type).toBe(PresenceType.EARLY);
  });

  it('stays dark for a hold, and for a policy that says terminated', () => {
    const dark = policy({ presenceType: PresenceType.TERMINATED });
    expect(presenceOf(play([0, c.hold('p1')])).type).toBe(PresenceType.TERMINATED);
    const record = play([0, c.park('p1', 'a', { policy: dark })]);
    expect([presenceOf(record).type, record.litPresenceId]).toEqual([PresenceType.TERMINATED, '']);
  });

  it('goes dark with the last call, naming the id that was lit', () => {
    const record = play([0, c.park('p1', 'a', custom)], [1, c.retrieve('p1', 'b')]);
    expect(record.litPresenceId).toBe('');
    expect(presenceOf(record)).toEqual({ type: PresenceType.TERMINATED, presenceId: 'desk' });
  });

  it('does not jump to another id while a call that lit it is there (M11)', () => {
    const both = play([0, c.park('p1', 'a')], [1, c.park('p2', 'b', custom)]);
    expect(both.litPresenceId).toBe('*3701');
    const second = applied(step(both, c.retrieve('p1', 'x'), at(2))).record;
    expect([second.litPresenceId, second.last?.presenceId]).toEqual(['desk', '*3701']);
  });
});
