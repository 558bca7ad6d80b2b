import { EslDecoder, type EslHeaders } from '@parkade/esl';
import { readTranscript } from '@parkade/esl/testing';
import { Direction } from '@parkade/proto';
import { expect, test } from 'vitest';
import { readArrival } from './arrival.js';
import type { Identity } from './identities.js';

/** The leg of the recording's CHANNEL_PARK number `nth`. */
function parkedLeg(recording: string, nth = 0): EslHeaders {
  const parks = new EslDecoder()
    .push(readTranscript(recording).s2c)
    .frames.flatMap((frame) => (frame.kind === 'event' && frame.event.name === 'CHANNEL_PARK' ? [frame.event] : []));
  const park = parks[nth];
  if (park === undefined) throw new Error('no such park');
  return park.headers;
}

function arrival(recording: string, nth = 0, identity?: Identity): ReturnType<typeof readArrival> {
  const headers = parkedLeg(recording, nth);
  return readArrival('media-1', headers.get('Unique-ID') ?? '', headers, () => identity);
}

test.each(['51-blind-xfer-by-callee', '52-blind-xfer-by-callee-no-referred-by', '55-blind-xfer-hold-first'])(
  'a blind transfer by the one who was called, with Referred-By or without: %s',
  (recording) => {
    const { way, call, dialled } = arrival(recording);
    expect(way).toEqual({ kind: 'blind', parker: { userId: '1001', deviceId: '', extension: '1001' } });
    expect(call).toMatchObject({ callerName: 'Alice', callerNumber: '3000', direction: Direction.INBOUND });
    expect(dialled).toBe('5000');
  },
);

test('a blind transfer by the caller: the leg he has called is parked, under its own number', () => {
  const { way, call } = arrival('53-blind-xfer-by-caller');
  expect(way).toEqual({ kind: 'blind', parker: { userId: '3000', deviceId: '', extension: '3000' } });
  expect(call).toMatchObject({ callerName: '', callerNumber: '1001', direction: Direction.OUTBOUND });
});

test('an attended transfer: first the parker himself, then the caller, who names the call he replaces', () => {
  const consult = arrival('54-attended-xfer-to-park', 0);
  const caller = arrival('54-attended-xfer-to-park', 1);
  expect(consult.way).toEqual({ kind: 'direct', user: '1001' });
  expect(caller.way).toMatchObject({ kind: 'attended', replaces: consult.call.sipCallId });
});

test('a transfer by the application counts as blind', () => {
  expect(arrival('59-esl-transfer-of-bridged').way).toMatchObject({ kind: 'blind', parker: { extension: '1001' } });
});

test('a call that only says in its headers that it was diverted and referred is a direct one', () => {
  expect(arrival('50-sip-in-diversion').way.kind).toBe('direct');
});

test('how the parker authenticated counts for more than what was dialled; his domain is the call’s', () => {
  const { way, origin } = arrival('51-blind-xfer-by-callee', 0, { user: '17', domain: 'acme.example' });
  expect(way).toMatchObject({ parker: { userId: '17', extension: '17' } });
  expect(origin).toEqual({ node: 'media-1', profile: 'internal', context: 'default', domain: 'acme.example' });
});
