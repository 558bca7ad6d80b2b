import type { Random } from '@parkade/clock';
import { keys, MAX_SHARD_COUNT } from '@parkade/ids';
import type { KeyValue, Store } from '@parkade/store';
import { z } from 'zod';
import { check, type Issue } from './issues.js';
import { decodeJson, encodeJson } from './json-value.js';

/** How the store's contents are laid out; another number is another layout, which this version must not touch. */
export const STORE_FORMAT = 1;

/** How many shards a cluster has unless told otherwise. */
export const DEFAULT_SHARD_COUNT = 256;

const metaSchema = z.strictObject({
  format: z.literal(STORE_FORMAT, { error: `must be ${STORE_FORMAT}: the store was written by another version` }),
  shard_count: z.number().int().min(1).max(MAX_SHARD_COUNT),
  incarnation: z.string().regex(/^[0-9a-f]{16}$/, { error: 'must be 16 hex digits' }),
});

/** Facts fixed when a cluster is made. `incarnation` changes at a restore and stands in epochs and tokens. */
export type ClusterMeta = z.output<typeof metaSchema>;

export type MetaResult =
  | {
      readonly ok: true;
      readonly meta: ClusterMeta;
      readonly revision: number;
      readonly created: boolean;
      /** The shard count asked for is not the one that stands (and holds). */
      readonly shardCountMismatch: boolean;
    }
  /** What stands cannot be used: another format, or damaged. Nothing was changed. */
  | { readonly ok: false; readonly reason: 'unusable'; readonly issues: readonly Issue[] };

export interface EnsureMetaOptions {
  /** Shards of a cluster that is made now; undefined: the default, and whatever stands is no mismatch. */
  readonly shardCount?: number | undefined;
  readonly random: Random;
}

/** Makes the cluster's facts once, by compare; afterwards tells what stands. A shard count out of range throws `RangeError`. */
export async function ensureMeta(store: Store, options: EnsureMetaOptions): Promise<MetaResult> {
  const { shardCount, random } = options;
  const meta: ClusterMeta = {
    format: STORE_FORMAT,
    shard_count: shardCount ?? DEFAULT_SHARD_COUNT,
    incarnation: Buffer.from(random.bytes(8)).toString('hex'),
  };
  if (!metaSchema.safeParse(meta).success) {
    throw new RangeError(`the shard count must be from 1 to ${MAX_SHARD_COUNT}, not ${meta.shard_count}`);
  }
  const result = await store.txn({
    compare: [{ kind: 'absent', key: keys.meta }],
    success: [{ kind: 'put', key: keys.meta, value: encodeJson(meta) }],
    failure: [{ kind: 'get', range: { start: keys.meta } }],
  });
  if (result.succeeded) return { ok: true, meta, revision: result.revision, created: true, shardCountMismatch: false };
  const standing = result.results[0]?.[0];
  return standing === undefined ? unusable([]) : readMeta(standing, shardCount);
}

/**
 * Gives a restored cluster another incarnation, by compare: tokens handed out before are not served by what was put back. Undefined where
 * there is no cluster. Every process has to be started after it. Somebody else's change at the same time is `conflict`; nothing was changed.
 */
export async function renewIncarnation(
  store: Store,
  random: Random,
): Promise<MetaResult | { readonly ok: false; readonly reason: 'conflict' } | undefined> {
  const standing = await loadMeta(store);
  if (standing?.ok !== true) return standing;
  const meta: ClusterMeta = { ...standing.meta, incarnation: Buffer.from(random.bytes(8)).toString('hex') };
  const { succeeded, revision } = await store.txn({
    compare: [{ kind: 'mod', key: keys.meta, revision: standing.revision }],
    success: [{ kind: 'put', key: keys.meta, value: encodeJson(meta) }],
  });
  return succeeded ? { ...standing, meta, revision } : { ok: false, reason: 'conflict' };
}

/** What stands; undefined where the cluster was never made. */
export async function loadMeta(store: Store): Promise<MetaResult | undefined> {
  const kv = await store.get(keys.meta);
  return kv === undefined ? undefined : readMeta(kv, undefined);
}

function readMeta(kv: KeyValue, wantedShards: number | undefined): MetaResult {
  const json = decodeJson(kv.value);
  const checked = json.ok ? check(metaSchema, json.value) : json;
  if (!checked.ok) return unusable(checked.issues);
  const meta = checked.value;
  const shardCountMismatch = wantedShards !== undefined && wantedShards !== meta.shard_count;
  return { ok: true, meta, revision: kv.modRevision, created: false, shardCountMismatch };
}

function unusable(issues: readonly Issue[]): MetaResult {
  return { ok: false, reason: 'unusable', issues };
}
