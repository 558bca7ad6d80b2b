import { expect, test } from 'vitest';
import { presenceIn } from './presence-in.js';

test('a lit lamp is the event that the switch’s own valet parking fires, but for the protocol of plain subscriptions', () => {
  expect(Object.fromEntries(presenceIn('*3701', 'acme.example', 'early', 7))).toEqual({
    proto: 'any',
    login: '*3701',
    from: '*3701@acme.example',
    'force-status': 'Holding',
    rpid: 'active',
    event_type: 'presence',
    alt_event_type: 'dialog',
    event_count: '7',
    'unique-id': '*3701',
    'channel-state': 'CS_ROUTING',
    'answer-state': 'early',
    'presence-call-direction': 'inbound',
  });
});

test('a dark lamp has hung up; an id with a protocol or a domain of its own keeps them', () => {
  expect(Object.fromEntries(presenceIn('park+701@other.example', 'acme.example', 'terminated', 1))).toMatchObject({
    proto: 'park',
    login: '701',
    from: '701@other.example',
    'answer-state': 'terminated',
    'channel-state': 'CS_HANGUP',
    'force-status': 'Empty',
  });
});
