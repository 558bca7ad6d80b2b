import { DEFAULT_SHARD_COUNT, formatIssues, loadMeta } from '@parkade/settings';
import type { Store } from '@parkade/store';

/**
 * The shard count to start with: what the cluster was made with, else `wanted`, else the default. Throws where the store was
 * written in another format.
 */
export async function settledShardCount(store: Store, wanted: number | undefined): Promise<number> {
  const found = await loadMeta(store);
  if (found === undefined) return wanted ?? DEFAULT_SHARD_COUNT;
  if (!found.ok) throw new Error(`The store cannot be used by this version: ${formatIssues(found.issues)}`);
  return found.meta.shard_count;
}
