import type { LeaseSession } from '@parkade/ownership';
import { lasting, LATENESS_BUCKETS, leaseMargin, type Registry } from '@parkade/telemetry';
import { Histogram } from 'prom-client';

/** What of a running recall process is read at each scrape. */
export interface RecallState {
  readonly partitions: () => number;
  readonly parks: () => number;
  readonly session: Pick<LeaseSession, 'remainingMs'>;
}

/** Adds what a recall process measures besides its RPCs; answers what takes the lateness of each attempt, in ms. Once. */
export function watchRecall(registry: Registry, { partitions, parks, session }: RecallState): (lateMs: number) => void {
  lasting(registry, [
    { name: 'parkade_recall_partitions', help: 'Recall partitions this process owns.', read: partitions },
    { name: 'parkade_recall_parks', help: 'Parks whose deadlines this process watches over.', read: parks },
    leaseMargin('parkade_recall_lease_margin_seconds', session),
  ]);
  const lateness = new Histogram({
    name: 'parkade_recall_lateness_seconds',
    help: 'From a deadline to its attempt being put to the owner of the slot.',
    buckets: LATENESS_BUCKETS,
    registers: [registry],
  });
  return (lateMs) => lateness.observe(Math.max(0, lateMs) / 1_000);
}
