import type { ResolvedHold } from '@parkade/settings';
import { expect, test } from 'vitest';
import { holdSound } from './hold-sound.js';

const DEFAULTS = { music: 'moh', prompt: 'prompts/please-wait.wav' };
const hold = (given: Partial<ResolvedHold>): ResolvedHold => ({
  audio: 'music',
  music: undefined,
  promptFileId: undefined,
  ...given,
});

test.each([
  [undefined, 'local_stream://moh'],
  [hold({}), 'local_stream://moh'],
  [hold({ music: 'jazz' }), 'local_stream://jazz'],
  [hold({ audio: 'ringing' }), 'tone_stream://%(2000,4000,440,480);loops=-1'],
  [hold({ audio: 'silence' }), 'silence_stream://-1'],
  [hold({ audio: 'prompt', promptFileId: 'please-wait' }), 'endless_playback::prompts/please-wait.wav'],
])('%o is played as %s (R22)', (given, sound) => expect(holdSound(given, DEFAULTS)).toBe(sound));

test('a prompt that is not there, or whose name is syntax to the switch, is music instead of silence', () => {
  for (const prompt of [undefined, "a'b", '${hostname}', 'a;b']) {
    expect(holdSound(hold({ audio: 'prompt' }), { music: 'moh', prompt })).toBe('local_stream://moh');
  }
});
