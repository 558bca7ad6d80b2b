/**
 * The store port: an ordered, revisioned key-value store with guarded transactions, leases and watches.
 *
 * Semantics are etcd's (v3), and every adapter keeps all of them:
 *
 *   S1. One revision counts the whole store; each transaction that writes raises it by exactly one, and all keys written
 *       in a transaction carry that revision as their `modRevision`.
 *   S2. A transaction is atomic and linearizable, also one that reads only or compares only.
 *   S3. A read is linearizable: it sees every write that was acknowledged before it was begun.
 *   S4. A watch delivers every change of its range after its start revision once, in revision order, all changes of one
 *       revision together; where it cannot (compacted), it says so and ends. It never skips.
 *   S5. When a lease is gone (revoked or expired) every key attached to it is deleted in one revision. A lease expires no
 *       earlier than its TTL after the last keepalive was received.
 *   S6. An answer that did not arrive is not a refusal: `StoreError` says whether the effect is unknown.
 *
 * Keys are strings (compared by UTF-8 bytes), values are bytes. Revisions fit a double (2^53).
 */
export interface Store {
  /** Reads one key. `revision` reads the past; `StoreError('compacted')` when it is gone. */
  get(key: string, options?: ReadOptions): Promise<KeyValue | undefined>;

  /** Reads the keys of `[range.start, range.end)` in key order. */
  range(range: KeyRange, options?: RangeOptions): Promise<RangeResult>;

  /** Compares, then runs `success` or `failure`. At most 128 compares and 128 operations on each branch; one put a key. */
  txn(txn: Txn, options?: CallOptions): Promise<TxnResult>;

  /** Grants a lease. `ttlMs` is rounded up to whole seconds, at least what the store allows (etcd: 2 s). */
  grantLease(ttlMs: number, options?: CallOptions): Promise<Lease>;

  /** Renews a lease once. Rejects with `StoreError('lease-not-found')` when it is gone. */
  keepAlive(leaseId: string, options?: CallOptions): Promise<void>;

  /** Ends a lease and deletes its keys. A lease that is gone already is not an error. */
  revokeLease(leaseId: string, options?: CallOptions): Promise<void>;

  /**
   * Watches a range from `fromRevision` (inclusive) on; reconnects by itself and continues without loss until `close`
   * or until the start point was compacted. Handlers are called in order, never concurrently, never after `close`.
   */
  watch(range: KeyRange, fromRevision: number, handlers: WatchHandlers): Watch;

  /** Drops history before `revision` (inclusive of older versions; the latest version of each key stays). */
  compact(revision: number, options?: CallOptions): Promise<void>;

  /** Ends every watch and connection. Idempotent. Calls under way reject with `unavailable`. */
  close(): Promise<void>;
}

/** `[start, end)`; `end` undefined means the single key `start`. See `prefixRange`. */
export interface KeyRange {
  readonly start: string;
  readonly end?: string | undefined;
}

export interface KeyValue {
  readonly key: string;
  readonly value: Uint8Array;
  readonly createRevision: number;
  readonly modRevision: number;
  /** How often the key was written since it was created; 1 at creation. */
  readonly version: number;
  /** The lease it is attached to, or undefined. */
  readonly leaseId?: string | undefined;
}

export interface CallOptions {
  /** Gives up after this long; default 5,000 ms. */
  readonly timeoutMs?: number | undefined;
}

export interface ReadOptions extends CallOptions {
  readonly revision?: number | undefined;
}

export interface RangeOptions extends ReadOptions {
  /** At most this many keys; `more` tells whether there are others. Default: no limit (adapters page inside). */
  readonly limit?: number | undefined;
  /** Leaves values empty. */
  readonly keysOnly?: boolean | undefined;
}

export interface RangeResult {
  readonly kvs: readonly KeyValue[];
  /** The store's revision when (or at which) this was read. */
  readonly revision: number;
  readonly more: boolean;
}

export type Compare =
  /** The key's last modification is exactly this revision; 0 means the key does not exist. */
  | { readonly kind: 'mod'; readonly key: string; readonly revision: number }
  /** The key exists (any value). */
  | { readonly kind: 'exists'; readonly key: string }
  /** The key does not exist. */
  | { readonly kind: 'absent'; readonly key: string };

export type Op =
  | { readonly kind: 'put'; readonly key: string; readonly value: Uint8Array; readonly leaseId?: string | undefined }
  | { readonly kind: 'delete'; readonly range: KeyRange }
  | { readonly kind: 'get'; readonly range: KeyRange; readonly keysOnly?: boolean | undefined };

export interface Txn {
  readonly compare: readonly Compare[];
  readonly success: readonly Op[];
  readonly failure?: readonly Op[] | undefined;
}

export interface TxnResult {
  /** Whether every compare held. */
  readonly succeeded: boolean;
  /** The store's revision after the transaction: what its puts carry, when it wrote. */
  readonly revision: number;
  /** One entry for each operation of the branch that ran; the keys read by `get`, empty for the others. */
  readonly results: readonly (readonly KeyValue[])[];
}

export interface Lease {
  readonly id: string;
  /** The TTL the store granted, in milliseconds. */
  readonly ttlMs: number;
}

export type WatchEvent =
  | { readonly kind: 'put'; readonly kv: KeyValue }
  | { readonly kind: 'delete'; readonly key: string; readonly modRevision: number };

export interface WatchHandlers {
  /** All events of one or more whole revisions, in order; `revision` is the last of them. */
  events(events: readonly WatchEvent[], revision: number): void;
  /** History after `fromRevision` is gone: list again and start a new watch. The watch has ended. */
  compacted(compactRevision: number): void;
  /** The connection broke (false) or is healthy again (true). Informational. */
  connected?(up: boolean): void;
}

export interface Watch {
  close(): void;
}

export type StoreErrorCode =
  /** Not reached, timed out, or the connection broke. `unknownOutcome` tells whether a write may have happened. */
  | 'unavailable'
  | 'compacted'
  | 'lease-not-found'
  /** Quota exceeded: the store takes no writes. */
  | 'no-space'
  /** The call is wrong (too many operations, duplicate key): a bug of the caller. */
  | 'invalid';

export class StoreError extends Error {
  override readonly name = 'StoreError';

  constructor(
    readonly code: StoreErrorCode,
    message: string,
    /** True where a write may or may not have been applied (S6). */
    readonly unknownOutcome: boolean = false,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Every key that starts with `prefix`. The prefix ends in an ASCII character (ours end in `/`). */
export function prefixRange(prefix: string): KeyRange {
  const last = prefix.length - 1;
  return { start: prefix, end: prefix.slice(0, last) + String.fromCharCode(prefix.charCodeAt(last) + 1) };
}

/** The largest number of compares, and of operations in one branch, of a transaction (etcd's default `--max-txn-ops`). */
export const MAX_TXN_OPS = 128;

/** The longest key, in UTF-8 bytes. */
export const MAX_KEY_BYTES = 1_024;

/** The most bytes of keys and values in one transaction; below etcd's default `--max-request-bytes` (1.5 MiB). */
export const MAX_TXN_BYTES = 1_500_000;
