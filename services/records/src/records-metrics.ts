import type { LeaseSession } from '@parkade/ownership';
import { lasting, leaseMargin, type Registry } from '@parkade/telemetry';
import { Counter } from 'prom-client';

/** What of a running records process is read at each scrape. */
export interface RecordsState {
  readonly partitions: () => number;
  readonly endpoints: () => number;
  readonly session: Pick<LeaseSession, 'remainingMs'>;
}

export interface RecordsCounters {
  readonly recorded: (what: 'history' | 'audit' | 'webhooks', count: number) => void;
  readonly attempt: (outcome: string) => void;
  readonly trouble: () => void;
}

/** Adds what a records process measures besides its RPCs. Once a registry. */
export function watchRecords(registry: Registry, { partitions, endpoints, session }: RecordsState): RecordsCounters {
  lasting(registry, [
    { name: 'parkade_records_partitions', help: 'Records partitions this process owns.', read: partitions },
    { name: 'parkade_webhook_endpoints', help: 'Webhook endpoints this process delivers to.', read: endpoints },
    leaseMargin('parkade_records_lease_margin_seconds', session),
  ]);
  const recorded = new Counter({
    name: 'parkade_records_written_total',
    help: 'What was recorded: lives of parks (history), audit records, messages for webhooks.',
    labelNames: ['what'],
    registers: [registry],
  });
  const attempts = new Counter({
    name: 'parkade_webhook_attempts_total',
    help: 'Deliveries by what came of them: taken, failed, gone; dead: given up.',
    labelNames: ['outcome'],
    registers: [registry],
  });
  const troubles = new Counter({
    name: 'parkade_records_troubles_total',
    help: 'What failed and is tried again: mostly the bus or the store being away.',
    registers: [registry],
  });
  return {
    recorded: (what, count) => recorded.inc({ what }, count),
    attempt: (outcome) => attempts.inc({ outcome }),
    trouble: () => troubles.inc(),
  };
}
