import type { ResolvedHold } from '@parkade/settings';
import { RINGING_TONE, SILENCE } from '../switch/tones.js';
import { isWord } from '../switch/values.js';

/** What is played where no setting says anything. */
export interface HoldDefaults {
  /** The music class. */
  readonly music: string;
  /** Where the prompt file is at the switch; undefined: it is not there. */
  readonly prompt: string | undefined;
}

/**
 * What the switch is told to play to a parked caller, until something else is done with him (R22). A prompt that nobody has
 * named, that is not there, or that has a name the switch cannot be told, is music: a caller never waits in silence by mistake.
 */
export function holdSound(hold: ResolvedHold | undefined, defaults: HoldDefaults): string {
  const music = `local_stream://${hold?.music ?? defaults.music}`;
  switch (hold?.audio) {
    case 'ringing':
      return RINGING_TONE;
    case 'silence':
      return SILENCE;
    case 'prompt': {
      const prompt = defaults.prompt === undefined ? '' : `endless_playback::${defaults.prompt}`;
      return isWord(prompt) ? prompt : music;
    }
    case 'music':
    case undefined:
      return music;
  }
}
