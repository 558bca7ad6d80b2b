import { type Clock, sleep } from '@parkade/clock';
import type { Log } from '@parkade/rpc';
import { DEFAULT_SHARD_COUNT, formatIssues, loadMeta } from '@parkade/settings';
import { type Store, StoreError } from '@parkade/store';

const RETRY_MS = 500;

/**
 * The shard count to start with: what the cluster was made with, else `wanted`, else the default. Waits for a store that cannot
 * be reached yet, so that processes start in any order; undefined when `signal` was aborted meanwhile. Throws where the store
 * was written in another format.
 */
export async function settledShardCount(
  wanted: number | undefined,
  deps: {
    readonly store: Store;
    readonly clock: Clock;
    readonly log: Log;
    readonly etcd?: readonly string[] | undefined;
  },
  signal: AbortSignal,
): Promise<number | undefined> {
  while (!signal.aborted) {
    try {
      const found = await loadMeta(deps.store);
      if (found === undefined) return wanted ?? DEFAULT_SHARD_COUNT;
      if (!found.ok) throw new Error(`The store cannot be used by this version: ${formatIssues(found.issues)}`);
      return found.meta.shard_count;
    } catch (error) {
      if (!(error instanceof StoreError) || error.code !== 'unavailable') throw error;
      deps.log.warn('waiting for the store', { etcd: deps.etcd?.join(','), error });
      await sleep(deps.clock, RETRY_MS, signal);
    }
  }
  return undefined;
}
