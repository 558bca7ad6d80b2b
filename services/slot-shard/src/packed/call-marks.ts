import type { CallRef, ParkRecord } from '@parkade/proto';

/** A call that is looked for: by its own id or its SIP Call-ID (`callId` is either), at one node or, where that is empty, at any. */
export type SoughtCall = Pick<CallRef, 'mediaNode' | 'callId'>;

/**
 * What tells that none of a slot's calls has an id, without a look into its record: of each id four of 64 bits. A slot that has all bits
 * of an id has it, or looks as if: of slots with one call one in 4,000, with four calls one in 40.
 */
export interface CallMarks {
  readonly low: number;
  readonly high: number;
}

export const NO_CALLS: CallMarks = { low: 0, high: 0 };

/** The marks of all ids with these hashes. */
export function callMarks(hashes: readonly number[]): CallMarks {
  let [low, high] = [0, 0];
  for (const hash of hashes) {
    low |= (1 << (hash & 31)) | (1 << ((hash >>> 5) & 31));
    high |= (1 << ((hash >>> 10) & 31)) | (1 << ((hash >>> 15) & 31));
  }
  return { low, high };
}

/** Whether one of the parks is of the call. */
export function hasCall(parks: readonly Pick<ParkRecord, 'call'>[], { mediaNode, callId }: SoughtCall): boolean {
  return parks.some(
    ({ call }) =>
      call !== undefined &&
      (mediaNode === '' || call.mediaNode === mediaNode) &&
      (call.callId === callId || call.sipCallId === callId),
  );
}
