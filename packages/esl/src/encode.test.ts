import fc from 'fast-check';
import { expect, test } from 'vitest';
import * as commands from './commands.js';
import { encodeCommand, type EslCommand } from './encode.js';
import { readTranscript } from './testing/transcripts.js';

function text(command: EslCommand): string {
  const result = encodeCommand(command);
  if (!result.ok) throw new Error(`${result.where}: ${result.fault}`);
  return result.bytes.toString('utf8');
}

test('commands are written as in the recordings', () => {
  const recorded = readTranscript('20-sendmsg').c2s.toString();
  const channelUuid = 'dd122471-4ae7-4d0e-aa10-95d8c6fbc0ed';
  const written = [
    text(commands.authCommand('ClueCon')),
    text(commands.eventCommand({ events: ['CHANNEL_EXECUTE_COMPLETE', 'CHANNEL_HANGUP', 'PLAYBACK_STOP'] })),
    text(
      commands.executeCommand('playback', 'tone_stream://%(200,100,500)', {
        channelUuid,
        eventUuid: '7d7ac4cc-0000-4000-8000-000000000001',
      }),
    ),
    text(commands.executeCommand('playback', 'tone_stream://%(200,0,500)', { channelUuid, loops: 3, eventLock: true })),
    text(commands.hangupCommand('NORMAL_CLEARING', channelUuid)),
  ];
  for (const command of written) expect(recorded).toContain(command);
  expect(readTranscript('12-bgapi-ok').c2s.toString()).toContain(
    text(
      commands.bgapiCommand(
        'originate',
        '{ignore_early_media=true}sofia/internal/1001@127.0.0.1:51001 &park()',
        '99999999-aaaa-4bbb-8ccc-dddddddddddd',
      ),
    ),
  );
  expect(readTranscript('19-sendevent').c2s.toString()).toContain(
    text(
      commands.sendeventCommand(
        'CUSTOM',
        [
          ['Event-Subclass', 'park::slot'],
          ['Slot', '703'],
        ],
        '{"slot":701}',
      ),
    ),
  );
});

test('CUSTOM is last and no blank is doubled', () => {
  const events = ['CUSTOM', 'CHANNEL_PARK'];
  expect(text(commands.eventCommand({ events, customSubclasses: ['park::slot'] }))).toBe(
    'event json CHANNEL_PARK CUSTOM park::slot\n\n',
  );
  expect(text(commands.apiCommand('status'))).toBe('api status\n\n');
});

test('E1: no value with a line break or NUL gets through, wherever it stands', () => {
  const hostile = fc
    .tuple(fc.string(), fc.constantFrom('\r', '\n', '\r\n', '\n\n', '\0'), fc.string())
    .map((parts) => parts.join(''));
  fc.assert(
    fc.property(hostile, (value) => {
      for (const command of [
        commands.authCommand(value),
        commands.apiCommand('originate', value),
        commands.apiCommand(value),
        commands.bgapiCommand('status', value, 'id'),
        commands.bgapiCommand('status', '', value),
        commands.eventCommand({ events: [value] }),
        commands.filterCommand('Unique-ID', value),
        commands.executeCommand('set', value),
        commands.executeCommand(value, ''),
        commands.executeCommand('set', 'a=b', { channelUuid: value }),
        commands.hangupCommand(value),
        commands.sendeventCommand('CUSTOM', [[value, 'x']]),
      ]) {
        expect(encodeCommand(command)).toMatchObject({ ok: false, reason: 'invalid' });
      }
    }),
  );
});

test('E1: whatever is accepted is exactly one command on the wire', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (line, value) => {
      const result = encodeCommand({ line, headers: [['X-Value', value]] });
      if (result.ok) expect(result.bytes.toString().replace(/[^\n]/g, '')).toBe('\n\n\n');
    }),
  );
});

test('E2: an argument that FreeSWITCH would expand is refused, unless it is meant', () => {
  for (const argument of ['name=${system(reboot)}', 'name=$${domain}', '%[api_hangup_hook=x]y', '%x[a=b]y']) {
    const refused = { ok: false, where: 'execute-app-arg', fault: 'expansion' };
    expect(encodeCommand(commands.executeCommand('set', argument))).toMatchObject(refused);
    expect(encodeCommand(commands.executeCommand('set', argument, { expands: true }))).toMatchObject({ ok: true });
  }
  for (const argument of ['tone_stream://%(200,100,500)', 'a=$5 {b}', 'a=100%[b]']) {
    expect(encodeCommand(commands.executeCommand('set', argument))).toMatchObject({ ok: true });
  }
});

test('E3: a body may hold line breaks; its length counts bytes and a forged Content-Length is refused', () => {
  expect(text({ line: 'sendevent MESSAGE', body: 'ä\n\nb' })).toBe('sendevent MESSAGE\nContent-Length: 5\n\nä\n\nb');
  expect(encodeCommand({ line: 'sendevent X', headers: [['content-length', '1']] })).toMatchObject({ ok: false });
  expect(encodeCommand({ line: 'sendevent X', body: 'a\0b' })).toMatchObject({ ok: false, where: 'body' });
});

test('an empty or over-long command is refused, and the refusal does not repeat the value', () => {
  expect(encodeCommand({ line: '' })).toMatchObject({ fault: 'bad-line' });
  expect(encodeCommand(commands.apiCommand('echo', 'x'.repeat(70_000)))).toMatchObject({ fault: 'too-long' });
  expect(JSON.stringify(encodeCommand(commands.authCommand('secret\nx')))).not.toContain('secret');
});
