import type { Clock, Timer } from '@parkade/clock';
import { StoreError, type KeyValue, type Lease } from '../store.js';
import type { Version } from './history.js';

/** etcd's minimum with its default election time-out. */
export const MIN_LEASE_TTL_MS = 2_000;
export const MAX_LEASE_TTL_MS = 30 * 24 * 3_600_000;
export const MAX_LEASES = 100_000;

interface Entry {
  readonly lease: Lease;
  readonly keys: Set<string>;
  deadlineMs: number;
  timer: Timer;
}

/**
 * The leases of a store and the keys attached to each.
 *
 *   L1. A lease ends no earlier than its TTL, on monotonic time, after its grant or the last keepalive (S5).
 *   L2. Each live key with a lease is in that lease's key set, and in no other.
 */
export class Leases {
  readonly #entries = new Map<string, Entry>();
  #lastId: number;

  /** `expired` is called once for a lease whose time is over; the lease is still there and is to be removed. */
  constructor(
    private readonly clock: Clock,
    private readonly expired: (leaseId: string) => void,
    lastId = 0,
  ) {
    this.#lastId = lastId;
  }

  /** The last id given; ids are never given twice. */
  get lastId(): number {
    return this.#lastId;
  }

  has(leaseId: string): boolean {
    return this.#entries.has(leaseId);
  }

  /** Throws `StoreError` 'invalid' (TTL out of range) or 'no-space' (too many leases). */
  grant(ttlMs: number): Lease {
    if (!(ttlMs > 0 && ttlMs <= MAX_LEASE_TTL_MS)) throw new StoreError('invalid', `lease TTL ${ttlMs} ms`);
    if (this.#entries.size >= MAX_LEASES) throw new StoreError('no-space', `more than ${MAX_LEASES} leases`);
    this.#lastId++;
    const lease = { id: String(this.#lastId), ttlMs: Math.max(MIN_LEASE_TTL_MS, Math.ceil(ttlMs / 1_000) * 1_000) };
    this.restore(lease);
    return lease;
  }

  /** Puts a lease back whose TTL begins anew now. */
  restore(lease: Lease): void {
    const deadlineMs = this.clock.monotonicMs() + lease.ttlMs;
    this.#entries.set(lease.id, { lease, keys: new Set(), deadlineMs, timer: this.#arm(lease.id, lease.ttlMs) });
  }

  /** Throws `StoreError('lease-not-found')`. */
  keepAlive(leaseId: string): void {
    const entry = this.#entries.get(leaseId);
    if (entry === undefined) throw new StoreError('lease-not-found', `lease ${leaseId} is gone`);
    // The timer stays: it finds the new deadline when it fires, which is cheaper than a new timer each time.
    entry.deadlineMs = this.clock.monotonicMs() + entry.lease.ttlMs;
  }

  /** Removes a lease and tells which keys were attached to it; undefined when there is no such lease. */
  remove(leaseId: string): readonly string[] | undefined {
    const entry = this.#entries.get(leaseId);
    if (entry === undefined) return undefined;
    entry.timer.cancel();
    this.#entries.delete(leaseId);
    return [...entry.keys].sort();
  }

  attach(kv: KeyValue): void {
    if (kv.leaseId !== undefined) this.#entries.get(kv.leaseId)?.keys.add(kv.key);
  }

  /** Follows a key to its new version: it leaves the lease it was attached to and joins the one it names now. */
  follow(version: Version): void {
    const before = version.older?.kv?.leaseId;
    if (before !== undefined) this.#entries.get(before)?.keys.delete(version.key);
    if (version.kv !== undefined) this.attach(version.kv);
  }

  /** Stops every timer; nothing expires any more. */
  close(): void {
    for (const entry of this.#entries.values()) entry.timer.cancel();
  }

  #arm(leaseId: string, delayMs: number): Timer {
    return this.clock.setTimer(delayMs, () => {
      const entry = this.#entries.get(leaseId);
      if (entry === undefined) return;
      const leftMs = entry.deadlineMs - this.clock.monotonicMs();
      if (leftMs > 0) entry.timer = this.#arm(leaseId, leftMs);
      else this.expired(leaseId);
    });
  }
}
