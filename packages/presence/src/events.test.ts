import { MAX_ID_LENGTH } from '@parkade/bus';
import { keys } from '@parkade/ids';
import { TransitionKind } from '@parkade/proto';
import { describe, expect, it } from 'vitest';
import { eventId, noticeEvent, transitionEvent } from './events.js';
import { testCall, testRecord, testTransition } from './testing/records.js';

const KEY = keys.slot(7, 'acme', 'default', '701');

function read(payload: Uint8Array | undefined): unknown {
  return JSON.parse(Buffer.from(payload ?? []).toString('utf8'));
}

describe('the event of a transition', () => {
  it('names slot, park, parked call, parker and retriever, whatever happened (R24)', () => {
    const last = testTransition({
      kind: TransitionKind.RETRIEVED,
      reason: 'picked up',
      parker: { userId: 'u1', deviceId: 'd1', extension: '101' },
      retriever: testCall('call-b', { callerName: '', callerNumber: '102' }),
      requestId: 'r1',
    });
    const event = transitionEvent(KEY, testRecord({ last }), 42);
    expect([event?.subject, event?.id]).toEqual(['parkade.v1.events.acme.retrieved', `${KEY}@42`]);
    expect(read(event?.payload)).toEqual({
      id: `${KEY}@42`,
      kind: 'retrieved',
      tenant: 'acme',
      lot: 'default',
      slot: '701',
      park_id: 'p1',
      at_ms: 1_700_000_000_000,
      reason: 'picked up',
      call: {
        media_node: 'fs-1',
        call_id: 'call-p1',
        caller_name: 'Ada Lovelace',
        caller_number: '+441632960001',
        direction: 'inbound',
        sip_call_id: '',
      },
      parker: { user_id: 'u1', device_id: 'd1', extension: '101' },
      retriever: {
        media_node: 'fs-1',
        call_id: 'call-b',
        caller_name: '',
        caller_number: '102',
        direction: 'inbound',
        sip_call_id: '',
      },
      other: null,
      attempt: 0,
      request_id: 'r1',
      presence_id: '*3701',
      revision: 42,
    });
  });

  it('names the other end of a move', () => {
    const last = testTransition({
      kind: TransitionKind.MOVED_OUT,
      other: { tenantId: 'acme', lotId: 'sales', slot: '007' },
      otherParkId: 'p2',
    });
    expect(read(transitionEvent(KEY, testRecord({ last }), 1)?.payload)).toMatchObject({
      kind: 'moved-out',
      other: { tenant: 'acme', lot: 'sales', slot: '007', park_id: 'p2' },
    });
  });

  it('has an id that the bus takes, the same each time and different for each slot, however long the names', () => {
    const long = '!'.repeat(64);
    const ids = ['a', 'b'].map((slot) => eventId(keys.slot(7, long, long, slot + long.slice(1)), 9));
    expect(ids.every((id) => id.length <= MAX_ID_LENGTH && /^[\x21-\x7e]+$/.test(id))).toBe(true);
    expect(new Set(ids).size).toBe(2);
    expect(eventId(keys.slot(7, long, long, `a${long.slice(1)}`), 9)).toBe(ids[0]);
  });

  it('is not made of a record without one', () => {
    expect(transitionEvent(KEY, testRecord({ last: undefined }), 1)).toBeUndefined();
  });
});

describe('a notice', () => {
  it('goes to the tenant as an event of kind failed', () => {
    const event = noticeEvent({ id: 'n1', reason: 'lot-full', tenant: 'acme', at_ms: 5, data: { lot: 'default' } });
    expect(event.subject).toBe('parkade.v1.events.acme.failed');
    expect(read(event.payload)).toEqual({
      id: 'n1',
      kind: 'failed',
      reason: 'lot-full',
      tenant: 'acme',
      at_ms: 5,
      data: { lot: 'default' },
    });
  });
});
