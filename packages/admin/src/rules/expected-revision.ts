import type { Refused } from '@parkade/rpc';
import { revisionConflict } from '../refusals.js';

/** What a caller knows of what it changes. */
export interface WriteOptions {
  /** The revision it must be at; absent: whichever. */
  readonly expectedRevision?: number | undefined;
}

/** Why it is not what the caller expects; undefined: it is. `revision` 0: it does not exist. */
export function unexpected({ expectedRevision }: WriteOptions, revision: number): Refused | undefined {
  return expectedRevision === undefined || expectedRevision === revision ? undefined : revisionConflict(revision);
}
