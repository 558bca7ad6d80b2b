import { expect, test } from 'vitest';
import { EslDecoder } from './decoder.js';
import type { EslEvent } from './event.js';
import type { EslFrame } from './frame.js';
import { readTranscript } from './testing/transcripts.js';

function frames(name: string): EslFrame[] {
  return new EslDecoder().push(readTranscript(name).s2c).frames;
}

function events(name: string): EslEvent[] {
  return frames(name).flatMap((frame) => (frame.kind === 'event' ? [frame.event] : []));
}

test('a wrong password reads as a refusal, a notice and nothing more', () => {
  expect(frames('02-auth-wrong').map((frame) => ('text' in frame ? [frame.kind, frame.text] : [frame.kind]))).toEqual([
    ['auth-request'],
    ['command-reply', '-ERR invalid'],
    ['disconnect-notice', 'Disconnected, goodbye.\nSee you at ClueCon! http://www.cluecon.com/\n'],
  ]);
});

test('the reply to connect is the channel, url-decoded', () => {
  const reply = frames('40-outbound-park-hangup')[0];
  if (reply?.kind !== 'command-reply') throw new Error('not a reply');
  expect(reply.text).toBe('+OK');
  expect(reply.headers.get('Channel-Name')).toBe('sofia/internal/3000@127.0.0.1');
  expect(reply.headers.get('Unique-ID')).toBe('62e2a7cb-92de-4bc3-abdb-e8acc084ab37');
  expect(reply.headers.get('FreeSWITCH-IPv6')).toBe('::1');
});

test('a lingering connection has two notices, the first without a body', () => {
  const notices = frames('40-outbound-park-hangup').filter((frame) => frame.kind === 'disconnect-notice');
  expect(notices.map(({ disposition, channelUuid }) => [disposition, channelUuid])).toEqual([
    ['linger', '62e2a7cb-92de-4bc3-abdb-e8acc084ab37'],
    ['disconnect', '62e2a7cb-92de-4bc3-abdb-e8acc084ab37'],
  ]);
});

test('plain events are url-decoded; a nested Content-Length is the event body', () => {
  const withBody = events('19-sendevent').find((event) => event.get('Slot') === '703');
  expect(withBody?.subclass).toBe('park::slot');
  expect(withBody?.body).toBe('{"slot":701}');
  expect(events('19-sendevent')[0]?.get('from')).toBe('701@127.0.0.1');
});

test('a job has the same body as a plain and as a JSON event', () => {
  const jobs = events('12-bgapi-ok').filter((event) => event.name === 'BACKGROUND_JOB');
  expect(jobs.length).toBe(5);
  expect(jobs[1]?.get('Job-UUID')).toBe('99999999-aaaa-4bbb-8ccc-dddddddddddd');
  expect(jobs[1]?.body).toMatch(/^\+OK [0-9a-f-]{36}\n$/);
  expect(jobs.at(-1)?.body).toContain('FreeSWITCH (Version');
});

test('the same headers come out of the JSON and of the plain recording of a call', () => {
  const plain = events('06b-event-plain-channel').find((event) => event.name === 'CHANNEL_PARK');
  const json = events('06-event-json-channel').find((event) => event.name === 'CHANNEL_PARK');
  // The plain recording's caller sends a display name and an X- header besides.
  const besides = ['variable_sip_from_display', 'variable_sip_h_X-Tenant'];
  expect(json?.headers.names()).toEqual(plain?.headers.names().filter((name) => !besides.includes(name)));
  expect(json?.variable('sip_full_to')).toBe('<sip:5000@127.0.0.1>');
  expect(plain?.variable('sip_full_to')).toBe('<sip:5000@127.0.0.1>');
});

test('plain values decode as UTF-8; a literal %41 was lost before it reached us', () => {
  const park = events('06b-event-plain-channel').find((event) => event.name === 'CHANNEL_PARK');
  expect(park?.get('Caller-Caller-ID-Name')).toBe('Alice, A Ä 100%');
  expect(park?.variable('sip_h_X-Tenant')).toBe('a b&c=dA;é');
});

test('headers with several values read alike in both formats', () => {
  const history = events('14-transfer').find((event) => event.headers.list('variable_transfer_history').length > 1);
  expect(history?.variable('transfer_history')).toMatch(/^ARRAY::.+\|:/);
});

test('log lines, access-list refusals and XML events have their kinds', () => {
  expect(frames('24-log').filter((frame) => frame.kind === 'log').length).toBe(5);
  expect(frames('06c-event-xml-channel').filter((frame) => frame.kind === 'other').length).toBe(2);
  const rejection = 'Content-Type: text/rude-rejection\nContent-Length: 24\n\nAccess Denied, go away.\n';
  expect(new EslDecoder().push(Buffer.from(rejection)).frames).toEqual([
    { kind: 'rejected', text: 'Access Denied, go away.\n' },
  ]);
});

test('a header named like a property of every object is just a header', () => {
  const body = '{"Event-Name":"X","__proto__":"y"}';
  const bytes = `Content-Type: text/event-json\nContent-Length: ${body.length}\n\n${body}`;
  const [frame] = new EslDecoder().push(Buffer.from(bytes)).frames;
  if (frame?.kind !== 'event') throw new Error('not an event');
  expect(frame.event.get('constructor')).toBeUndefined();
  expect(frame.event.get('__proto__')).toBe('y');
});
