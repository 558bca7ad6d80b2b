import type { Clock } from '@parkade/clock';
import { TELL_MS, type SharedUsage } from './usage-board.js';

/** What a tenant may ask in a second in the long run, and at once after a pause; Infinity: as much as it likes. */
export interface RateLimits {
  perSecond(tenantId: string): number;
  burst(tenantId: string): number;
}

export interface RequestRatesDeps {
  readonly clock: Clock;
  readonly limits: RateLimits;
  /** What gateways use, requests a second by tenant, and how many gateways there are. */
  readonly elsewhere: Pick<SharedUsage, 'elsewhere'>;
  readonly members: () => number;
}

interface Bucket {
  tokens: number;
  atMs: number;
  /** Let through since the last telling. */
  used: number;
}

/** Tenants counted at a time; past it who is new shares one bucket. */
const MAX_BUCKETS = 100_000;

/** Of the limit, what all gateways together may leave untold. */
const UNTOLD = 1 / 8;

/**
 * Requests of tenants at one gateway of several: a token bucket each, filled with the gateway's share of the tenant's limit.
 *
 *   B1. The share is what the others do not use, and an equal part at least: a tenant that comes through one gateway has all of
 *       its limit there.
 *   B2. What ends a stay (retrieve, give back, release) may overdraw the bucket by one burst: it is refused only where such requests
 *       alone are more than the limit, never because others were.
 *   B3. In the long run all n gateways let through `limit * 9 / 8` a second at most; whatever happens, within w seconds
 *       `n * (2 * burst + limit)` more at most, as each may not have heard of the others for a second.
 *   B4. A tenant without a limit costs a look-up, and no bucket.
 */
export class RequestRates {
  readonly #buckets = new Map<string, Bucket>();

  constructor(private readonly deps: RequestRatesDeps) {}

  /** Takes a request: 0 when it may be done, else after how many ms it may be tried again. */
  take(tenantId: string, endsStay: boolean): number {
    const limit = this.deps.limits.perSecond(tenantId);
    if (limit === Infinity) return 0;
    const burst = this.deps.limits.burst(tenantId);
    const nowMs = this.deps.clock.monotonicMs();
    const perMs = this.#share(tenantId, limit) / 1_000;
    const bucket = this.#buckets.get(tenantId) ?? this.#open(tenantId, burst, nowMs);
    if (nowMs > bucket.atMs) {
      bucket.tokens = Math.min(burst, bucket.tokens + (nowMs - bucket.atMs) * perMs);
      bucket.atMs = nowMs;
    }
    const missing = (endsStay ? 1 - burst : 1) - bucket.tokens;
    if (missing > 0) return Math.max(1, Math.ceil(missing / perMs));
    bucket.tokens--;
    bucket.used++;
    return 0;
  }

  /** Requests a second since the last time this was asked, for the others to know; buckets that nobody used are forgotten. */
  *usage(): IterableIterator<readonly [tenantId: string, perSecond: number]> {
    const nowMs = this.deps.clock.monotonicMs();
    const members = this.deps.members();
    for (const [tenantId, bucket] of this.#buckets) {
      const limit = this.deps.limits.perSecond(tenantId);
      const { used } = bucket;
      bucket.used = 0;
      const fullMs = ((this.deps.limits.burst(tenantId) - bucket.tokens) * 1_000 * members) / limit;
      if (limit === Infinity || (used === 0 && nowMs - bucket.atMs >= fullMs)) this.#buckets.delete(tenantId);
      const step = Math.max(1, Math.floor((limit * UNTOLD) / members));
      const perSecond = Math.min(limit, (used * 1_000) / TELL_MS);
      const told = Math.floor(perSecond / step) * step;
      if (told > 0 && limit !== Infinity) yield [tenantId, told];
    }
  }

  #share(tenantId: string, limit: number): number {
    return Math.max(limit / this.deps.members(), limit - this.deps.elsewhere.elsewhere(tenantId));
  }

  #open(tenantId: string, burst: number, nowMs: number): Bucket {
    const name = this.#buckets.size < MAX_BUCKETS ? tenantId : '';
    const known = this.#buckets.get(name);
    if (known !== undefined) return known;
    const bucket = { tokens: burst, atMs: nowMs, used: 0 };
    this.#buckets.set(name, bucket);
    return bucket;
  }
}
