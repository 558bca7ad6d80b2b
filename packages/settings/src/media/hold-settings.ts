import { z } from 'zod';
import { nameSchema } from '../policy-settings.js';

/** What a parked caller hears (R22). */
export const HOLD_AUDIO = ['music', 'ringing', 'silence', 'prompt'] as const;
export type HoldAudio = (typeof HOLD_AUDIO)[number];

/** A name as the switch takes it in a path or a number: no blanks, and nothing its command lines give a meaning. */
const switchWord = (max: number): z.ZodString =>
  z
    .string()
    .max(max, { error: `at most ${max} characters` })
    .regex(/^[A-Za-z0-9_.:@/*#+-]+$/, { error: 'must be letters, digits and _ . : @ / * # + - only' });

/** Hold audio of a slot, a lot or a tenant. */
export const holdSchema = z
  .strictObject({
    /** `music`: the music class, for ever. `prompt`: the prompt file, again and again. */
    audio: z.enum(HOLD_AUDIO, { error: `must be one of ${HOLD_AUDIO.join(', ')}` }).optional(),
    /** The music class: the name of a local stream of the switch. */
    music: switchWord(64).optional(),
    /** The sound that `prompt` repeats; without one, the tenant's `prompt_file_id`. */
    prompt_file_id: nameSchema.optional(),
  })
  .superRefine((hold, context) => {
    if (hold.music !== undefined && hold.audio !== undefined && hold.audio !== 'music') {
      context.addIssue({ code: 'custom', path: ['music'], message: `is not played where audio is ${hold.audio}` });
    }
    if (hold.prompt_file_id !== undefined && hold.audio !== 'prompt') {
      context.addIssue({ code: 'custom', path: ['prompt_file_id'], message: 'needs audio: prompt' });
    }
  });
export type HoldSettings = z.output<typeof holdSchema>;

/** A key with which a parked caller leaves his slot (R22); `off` where an outer level's key does not count. */
export const escapeSchema = z
  .strictObject({
    key: z.union([z.literal('off'), z.string().regex(/^[0-9*#]$/, { error: 'must be one of 0-9 * #, or off' })], {
      error: 'must be one of 0-9 * #, or off',
    }),
    /** A number of the dial plan, or `parker`: whoever parked the call. */
    to: switchWord(128).optional(),
  })
  .superRefine(({ key, to }, context) => {
    if (key !== 'off' && to === undefined) {
      context.addIssue({ code: 'custom', path: ['to'], message: 'is required: a number of the dial plan, or parker' });
    }
  });
export type EscapeSettings = z.output<typeof escapeSchema>;
