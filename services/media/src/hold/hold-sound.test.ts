import type { ResolvedHold } from '@parkade/settings';
import { expect, test } from 'vitest';
import { holdSound } from './hold-sound.js';

const DEFAULTS = { music: 'moh', prompt: 'prompts/{id}.wav' };
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

test('a prompt without a name, or with one that is syntax to the switch, is music instead of silence', () => {
  for (const promptFileId of [undefined, "a'b", '${hostname}', 'a;b']) {
    expect(holdSound(hold({ audio: 'prompt', promptFileId }), DEFAULTS)).toBe('local_stream://moh');
  }
});
