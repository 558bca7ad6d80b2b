import type { LeaseSession } from '@parkade/ownership';
import { lasting, LATENESS_BUCKETS, leaseMargin, type Queue, type Registry, watchQueues } from '@parkade/telemetry';
import { Histogram } from 'prom-client';

/** What of a running recall process is read at each scrape. */
export interface RecallState {
  readonly partitions: () => number;
  readonly parks: () => number;
  readonly session: Pick<LeaseSession, 'remainingMs'>;
  readonly queues: readonly Queue[];
}

/** Adds what a recall process measures besides its RPCs; answers what takes how late each attempt rings, in ms. Once. */
export function watchRecall(
  registry: Registry,
  { partitions, parks, session, queues }: RecallState,
): (lateMs: number) => void {
  watchQueues(registry, queues);
  lasting(registry, [
    { name: 'parkade_recall_partitions', help: 'Recall partitions this process owns.', read: partitions },
    { name: 'parkade_recall_parks', help: 'Parks whose deadlines this process watches over.', read: parks },
    leaseMargin('parkade_recall_lease_margin_seconds', session),
  ]);
  const lateness = new Histogram({
    name: 'parkade_recall_lateness_seconds',
    help: 'From a deadline to the first phone of its attempt being rung.',
    buckets: LATENESS_BUCKETS,
    registers: [registry],
  });
  return (lateMs) => lateness.observe(Math.max(0, lateMs) / 1_000);
}
