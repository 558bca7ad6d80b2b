import { z } from 'zod';
import { durationSchema } from '../durations.js';
import { nameSchema } from '../policy-settings.js';

/** A page rings at most this many phones. */
export const MAX_PAGED = 64;

/** A page that nobody ends lasts at most this long: a minute, in ms. */
export const MAX_PAGE_MS = 60_000;

const extension = nameSchema.regex(/^[A-Za-z0-9_.+-]+$/, { error: 'must be letters, digits and _ . + - only' });

/** Phones that speak by themselves when a call is parked (R21). */
export const pageSchema = z.strictObject({
  extensions: z
    .array(extension)
    .min(1, { error: 'at least one extension' })
    .max(MAX_PAGED, { error: `at most ${MAX_PAGED} extensions` })
    .superRefine((extensions, context) => {
      for (const [i, one] of extensions.entries()) {
        if (extensions.indexOf(one) === i) continue;
        context.addIssue({ code: 'custom', path: [i], message: `${one} is paged already` });
      }
    }),
  /** How long it lasts when nobody fetches the call, in ms. */
  limit_ms: durationSchema('ring')
    .max(MAX_PAGE_MS, { error: `must be at most ${MAX_PAGE_MS} ms` })
    .default(15_000),
  /** What makes the phones answer by themselves: the value of their `Call-Info` header. */
  auto_answer: z
    .string()
    .regex(/^[A-Za-z0-9 =;:.<>_-]{1,128}$/, { error: 'must be letters, digits, blanks and = ; : . < > _ - only' })
    .default('answer-after=0'),
});
export type PageSettings = z.output<typeof pageSchema>;

/** Who is told of a parked call by `park-info` without having subscribed (R20), and told when it is over. */
export const parkInfoSchema = z.strictObject({
  /** Who parked the call. */
  parker: z.boolean().default(true),
  /** The extension it is parked at, where it is parked at one. */
  target: z.boolean().default(true),
  /** All members of the park group that this extension is in. */
  group: z.boolean().default(true),
});
export type ParkInfoSettings = z.output<typeof parkInfoSchema>;
