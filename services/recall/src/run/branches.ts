import type { Branch, ParkView } from '../machine/index.js';

/** The call flows: where a call goes on whose recall failed. */
export interface Branches {
  /** The child of the park's flow, by the slot's key or `_`; undefined where there is none. Rejects when that is not known. */
  find(park: ParkView, reason: string): Promise<Branch | undefined>;
}

/** What each park's record keeps: the child of its call flow, resolved when it was parked. */
export const recordedBranches: Branches = { find: ({ branch }) => Promise.resolve(branch) };
