import type { Refused } from '@parkade/rpc';
import { StoreError } from '@parkade/store';
import { storeFull, storeUnavailable } from './refusals.js';

/** Work on the store; a store that does not answer is a refusal. Rejects on a defect. */
export async function storing<T>(work: () => Promise<T>): Promise<T | Refused> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof StoreError && error.code === 'unavailable') return storeUnavailable(error.unknownOutcome);
    if (error instanceof StoreError && error.code === 'no-space') return storeFull();
    throw error;
  }
}
