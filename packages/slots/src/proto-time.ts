import type { Duration, Timestamp } from '@parkade/proto';

/** Wall ms since the Unix epoch as a Timestamp; 0, which means none, is absent. */
export function timestamp(ms: number): Timestamp | undefined {
  return ms === 0 ? undefined : split(ms);
}

/** Milliseconds as a Duration; 0 is a Duration of zero. */
export function duration(ms: number): Duration {
  return split(ms);
}

function split(ms: number): { seconds: number; nanos: number } {
  const seconds = Math.floor(ms / 1000);
  return { seconds, nanos: Math.round((ms - seconds * 1000) * 1_000_000) };
}
