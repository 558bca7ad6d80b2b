import { stableHash } from '@parkade/ids';

/** The role under which the recording of tenants is owned. */
export const RECORDS_ROLE = 'records';

/** How many partitions there are, for good: the places of partitions are kept by their numbers. */
export const RECORDS_PARTITIONS = 16;

/** Which partition records a tenant. */
export function partitionOf(tenantId: string): number {
  return stableHash(tenantId) % RECORDS_PARTITIONS;
}
