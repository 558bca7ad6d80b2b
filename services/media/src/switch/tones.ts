/** A ringing tone, for ever. The one sound whose name holds what no name from outside may: see `isWord`. */
export const RINGING_TONE = 'tone_stream://%(2000,4000,440,480);loops=-1';

/** Nothing to be heard, for ever. */
export const SILENCE = 'silence_stream://-1';
