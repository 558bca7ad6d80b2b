import type { Branch, ParkView } from '../machine/index.js';

/** The call flows: where a call goes on whose recall failed. */
export interface Branches {
  /** The child of the park's flow, by the slot's key or `_`; undefined where there is none. Rejects when that is not known. */
  find(park: ParkView, reason: string): Promise<Branch | undefined>;
}

/** No call flows. */
export const noBranches: Branches = { find: () => Promise.resolve(undefined) };
