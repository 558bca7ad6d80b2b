import { Gauge, type Registry } from 'prom-client';

/** A bounded queue of a process. */
export interface Queue {
  readonly name: string;
  readonly limit: number;
  /** Read at each scrape; must be cheap. */
  readonly depth: () => number;
}

/** Shows every bounded queue beside its bound: `parkade_queue_depth` and `parkade_queue_limit`, by `queue`. Once a registry. */
export function watchQueues(registry: Registry, queues: readonly Queue[]): void {
  const labelNames = ['queue'] as const;
  new Gauge({
    name: 'parkade_queue_depth',
    help: 'Entries in a bounded queue now.',
    labelNames,
    registers: [registry],
    collect() {
      for (const { name, depth } of queues) this.set({ queue: name }, depth());
    },
  });
  const limits = new Gauge({
    name: 'parkade_queue_limit',
    help: 'Entries the queue takes before it refuses or falls back, as the architecture page says for each.',
    labelNames,
    registers: [registry],
  });
  for (const { name, limit } of queues) limits.set({ queue: name }, limit);
}
