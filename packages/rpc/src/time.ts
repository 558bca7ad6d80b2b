import type { Duration, Timestamp } from '@parkade/proto';

/** Milliseconds of a Duration; fractions of a millisecond are dropped. */
export function durationMs(duration: Duration): number {
  return duration.seconds * 1000 + Math.trunc(duration.nanos / 1_000_000);
}

/** A Duration of whole milliseconds. */
export function toDuration(ms: number): Duration {
  const seconds = Math.trunc(ms / 1000);
  return { seconds, nanos: (ms - seconds * 1000) * 1_000_000 };
}

/** Wall milliseconds of a Timestamp. */
export function timestampMs(timestamp: Timestamp): number {
  return timestamp.seconds * 1000 + Math.trunc(timestamp.nanos / 1_000_000);
}

/** A Timestamp of wall milliseconds; undefined for 0, which stands for "none" in records. */
export function toTimestamp(ms: number): Timestamp | undefined {
  if (ms === 0) return undefined;
  const seconds = Math.floor(ms / 1000);
  return { seconds, nanos: (ms - seconds * 1000) * 1_000_000 };
}
