import { ManualClock } from '@parkade/clock';
import { encodeCommand, type EslCommand } from '@parkade/esl';
import { expect, test } from 'vitest';
import { NodeSwitch } from './node-switch.js';
import { RINGING_TONE } from './tones.js';

const LEG = '5b1f0f0e-6d0a-4c39-9a57-2f6a1f2c7a01';

async function played(sound: string): Promise<string | undefined> {
  let told: EslCommand | undefined;
  const connection = {
    isUp: true,
    nudge: () => undefined,
    api: () => Promise.reject(new Error('not by api')),
    bgapi: () => Promise.reject(new Error('not by bgapi')),
    command: (command: EslCommand) => {
      told = command;
      return Promise.resolve({ ok: true as const, reply: { text: '+OK', headers: undefined } });
    },
  };
  const sw = new NodeSwitch('media-1', connection, { effectMs: 1, replyMs: 1 }, new ManualClock());
  const isTaken = await sw.play(LEG, sound);
  expect(isTaken).toBe(told !== undefined);
  const encoded = told === undefined ? undefined : encodeCommand(told);
  return encoded?.ok === true ? encoded.bytes.toString() : undefined;
}

test.each([
  ['local_stream://moh', 'playback', 'local_stream://moh'],
  ['endless_playback::prompts/please-wait.wav', 'endless_playback', 'prompts/please-wait.wav'],
  [RINGING_TONE, 'playback', RINGING_TONE],
])('%s is heard at once, one sound at a time (R22)', async (sound, application, argument) => {
  const lines = [`sendmsg ${LEG}`, 'call-command: execute', `execute-app-name: ${application}`];
  const message = [...lines, `execute-app-arg: ${argument}`, 'event-lock: true'];
  expect(await played(sound)).toBe(`${message.join('\n')}\n\n`);
});

test('a sound that is syntax to the switch is not played', async () => {
  for (const sound of ['a b', '${hostname}', "a'b", '']) expect(await played(sound)).toBeUndefined();
});
