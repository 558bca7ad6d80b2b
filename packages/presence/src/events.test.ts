import { MAX_ID_LENGTH } from '@parkade/bus';
import { keys } from '@parkade/ids';
import { TransitionKind } from '@parkade/proto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeLines, EventLines, noticeLine, parseEvents } from './event-lines.js';
import { eventId } from './events.js';
import { eventLine, testCall, testRecord, testTransition } from './testing/records.js';

const KEY = keys.slot(7, 'acme', 'default', '701');

/** What a reader makes of lines. */
function read(...lines: readonly (string | undefined)[]): readonly unknown[] {
  return parseEvents(encodeLines(lines.map(String)));
}

describe('the event of a transition', () => {
  it('names slot, park, parked call, parker and retriever, whatever happened (R24)', () => {
    const last = testTransition({
      kind: TransitionKind.RETRIEVED,
      reason: 'picked up',
      parker: { userId: 'u1', deviceId: 'd1', extension: '101' },
      retriever: testCall('call-b', { callerName: '', callerNumber: '102' }),
      requestId: 'r1',
      previousRevision: 41,
      by: { principal: 'alice', peer: '192.0.2.7:50000', operation: 'ParkService/Retrieve' },
    });
    expect(read(eventLine(KEY, testRecord({ last }), 42))[0]).toEqual({
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
      previous_revision: 41,
      by: { principal: 'alice', peer: '192.0.2.7:50000', operation: 'ParkService/Retrieve' },
    });
  });

  it('names the other end of a move', () => {
    const last = testTransition({
      kind: TransitionKind.MOVED_OUT,
      other: { tenantId: 'acme', lotId: 'sales', slot: '007' },
      otherParkId: 'p2',
    });
    expect(read(eventLine(KEY, testRecord({ last }), 1))[0]).toMatchObject({
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
    expect(eventLine(KEY, testRecord({ last: undefined }), 1)).toBeUndefined();
  });
});

describe('a notice', () => {
  it('is an event of kind failed', () => {
    const line = noticeLine({ id: 'n1', reason: 'lot-full', tenant: 'acme', at_ms: 5, data: { lot: 'default' } });
    expect(read(line)).toEqual([
      { id: 'n1', kind: 'failed', reason: 'lot-full', tenant: 'acme', at_ms: 5, data: { lot: 'default' } },
    ]);
  });
});

describe('a batch', () => {
  it('gives back each event as it was, whatever its texts hold, and none is empty where it was not', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ reason: fc.string({ unit: 'binary' }), name: fc.string() })), (all) => {
        const lines = all.map(({ reason, name }, i) => {
          const last = testTransition({ reason, call: testCall('call-a', { callerName: name }), parker: undefined });
          return eventLine(KEY, testRecord({ last }), i + 1) ?? '';
        });
        const expected = all.map(({ reason, name }, i) => ({
          reason: Buffer.from(reason).toString(),
          call: { caller_name: Buffer.from(name).toString() },
          parker: null,
          revision: i + 1,
        }));
        expect(read(...lines)).toMatchObject(all.length === 0 ? [] : expected);
      }),
    );
  });

  it('leaves out what is empty, and says all else in one line', () => {
    const line = eventLine(KEY, testRecord({ last: testTransition({ call: undefined, presenceId: '' }) }), 7);
    expect(line).toBe(
      `{"id":"${KEY}@7","kind":"parked","tenant":"acme","lot":"default","slot":"701","at_ms":1700000000000,"revision":7` +
        `,"park_id":"p1"}`,
    );
  });

  it('is read on where a line is no event of ours', () => {
    const unreadable: string[] = [];
    const good = noticeLine({ id: 'n1', reason: 'x', tenant: 'acme', at_ms: 5, data: {} });
    const events = parseEvents(Buffer.from(['{', good, '[]', 'null', '{"id":7}'].join('\n')), (line) =>
      unreadable.push(line),
    );
    expect([events.map(({ id }) => id), unreadable]).toEqual([['n1'], ['{', '[]', 'null', '{"id":7}']]);
  });
});

describe('the lines of a batch', () => {
  const lineOf = (lines: EventLines, slot: string, reason: string): void => {
    lines.add(keys.slot(7, 'acme', 'default', slot), testRecord({ last: testTransition({ reason }) }), 42);
  };
  const reasons = (bytes: Uint8Array): unknown[] =>
    parseEvents(bytes).map((event) => ('reason' in event ? event.reason : undefined));

  it('are their own until they are released, whatever others write meanwhile and in their place', () => {
    const first = new EventLines();
    lineOf(first, '701', 'first');
    const other = new EventLines();
    lineOf(other, '702', 'other');
    expect(reasons(first.bytes)).toEqual(['first']);
    first.release();
    expect(first.empty).toBe(true);
    const later = new EventLines();
    for (let i = 0; i < 100; i++) lineOf(later, String(i), `later-${i}`);
    lineOf(first, '701', 'again');
    expect(reasons(other.bytes)).toEqual(['other']);
    expect(reasons(later.bytes)).toEqual(Array.from({ length: 100 }, (_, i) => `later-${i}`));
    expect(reasons(first.bytes)).toEqual(['again']);
  });

  it('take no new memory where those before were released', () => {
    const first = new EventLines();
    lineOf(first, '701', 'first');
    const { buffer } = first.bytes;
    first.release();
    const next = new EventLines();
    lineOf(next, '701', 'next');
    expect(next.bytes.buffer).toBe(buffer);
  });
});
