import { z } from 'zod';

/** No timer is longer: 30 days, in ms. */
export const MAX_TIMER_MS = 30 * 24 * 60 * 60 * 1000;

/** Nobody is rung for longer: 10 minutes, in ms. */
export const MAX_RING_MS = 10 * 60 * 1000;

/**
 * What a length of time is for. `wait`: 0 means never. `ring`: how long a phone rings, so there is no 0 (not ringing
 * back at all is a ringback timeout of 0). `grace`: 0 means none.
 */
export type DurationKind = 'wait' | 'ring' | 'grace';

/** What is wrong with a length of time in ms, or undefined. Values from 1 to 999 are taken for seconds, and refused. */
export function durationFault(ms: number, kind: DurationKind): string | undefined {
  if (!Number.isInteger(ms)) return 'must be a whole number of ms';
  if (ms < 0) return 'must not be negative';
  if (ms === 0)
    return kind === 'ring' ? 'must be at least 1000 ms; to ring nobody, set the ringback timeout to 0' : undefined;
  if (ms < 1000) return `must be 0 or at least 1000: the unit is ms (${ms} s would be ${ms * 1000})`;
  const max = kind === 'ring' ? MAX_RING_MS : MAX_TIMER_MS;
  return ms > max ? `must be at most ${max} ms` : undefined;
}

/** A length of time in ms, as JSON number. */
export function durationSchema(kind: DurationKind): z.ZodNumber {
  return z.number({ error: 'must be a number of ms' }).superRefine((ms, context) => {
    const fault = durationFault(ms, kind);
    if (fault !== undefined) context.addIssue({ code: 'custom', message: fault });
  });
}
