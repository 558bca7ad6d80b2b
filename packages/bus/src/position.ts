import type { ReadFrom } from './bus.js';
import { invalid } from './catalog.js';

/** The most messages one `next` gives. */
export const MAX_READ = 1_024;

/** Where a reading stands: after the message of `sequence` in the stream that was made as `stream`. */
export interface Place {
  readonly stream: string;
  readonly sequence: number;
}

/** A place as text: `<sequence>@<stream>`. */
export function positionOf({ stream, sequence }: Place): string {
  return `${sequence}@${stream}`;
}

/** Where to begin; throws `invalid` where it says nothing that can be. */
export function beginningOf(from: ReadFrom): Place | { readonly sinceMs: number } {
  if ('sinceMs' in from) {
    if (!Number.isFinite(from.sinceMs)) throw invalid('sinceMs is a wall time in milliseconds');
    return from;
  }
  const match = /^(\d{1,15})@([\x21-\x7e]{1,48})$/.exec(from.position);
  if (match === null) throw invalid('a position is what an earlier reading told');
  return { sequence: Number(match[1]), stream: match[2] ?? '' };
}

/** Throws `invalid` where a `next` asks for what it cannot have. */
export function checkNext(limit: number, waitMs: number): void {
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > MAX_READ) throw invalid(`a limit is 1 to ${MAX_READ}`);
  if (!(waitMs >= 0 && waitMs <= 60_000)) throw invalid('a wait is 0 to 60,000 ms');
}
