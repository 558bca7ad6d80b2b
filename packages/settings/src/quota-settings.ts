import { z } from 'zod';
import { type Checked, check } from './issues.js';

/** No quota is larger. */
export const MAX_QUOTA = 10_000_000;

const limit = z
  .number()
  .int({ error: 'must be a whole number' })
  .min(1)
  .max(MAX_QUOTA, { error: `must be from 1 to ${MAX_QUOTA}; leave it out for the system\'s` })
  .optional();

/** How much of the cluster a tenant may take. What is absent: as the system says; absent there, too: no bound. */
export const quotasSchema = z.strictObject({
  /** Calls parked or reserved for at a time, in all lots. */
  parked_calls: limit,
  /** Slots in use at a time, in all lots. */
  slots: limit,
  /** Watches of slots open at a time, at one gateway. */
  watches: limit,
  /** Requests a second, in the long run, at all gateways together. */
  requests_per_second: limit,
  /** Requests that may come at once after a pause; default: those of one second. */
  request_burst: limit,
});
export type QuotaSettings = z.output<typeof quotasSchema>;
/** What there are quotas for, and the burst of one. */
export const QUOTA_NAMES = ['parked_calls', 'slots', 'watches', 'requests_per_second', 'request_burst'] as const;
export type Quota = Exclude<keyof QuotaSettings, 'request_burst'>;

/** Reads a tenant's quotas. */
export function parseQuotas(json: unknown, at?: readonly PropertyKey[]): Checked<QuotaSettings> {
  return check(quotasSchema, json, at);
}

/** Where quotas are set; the tenant first, then the system. */
interface Level {
  readonly quotas?: QuotaSettings | undefined;
}

/** The tenant's quota, else the system's, else Infinity. Takes constant time and makes nothing. */
export function quotaOf(quota: Quota, tenant: Level | undefined, system: Level): number {
  return tenant?.quotas?.[quota] ?? system.quotas?.[quota] ?? Infinity;
}

/** How many requests may come at once: as set beside the rate that is in force, else one second of it. */
export function burstOf(tenant: Level | undefined, system: Level): number {
  const [own, all] = [tenant?.quotas, system.quotas];
  return own?.request_burst ?? own?.requests_per_second ?? all?.request_burst ?? all?.requests_per_second ?? Infinity;
}
