import { Gauge, type Registry } from 'prom-client';

interface Queue {
  readonly name: string;
  readonly limit: number;
  readonly depth: () => number;
}

/** Every bounded queue of a process, beside its bound: `parkade_queue_depth` and `parkade_queue_limit`, by `queue`. */
export class Queues {
  readonly #queues: Queue[] = [];

  constructor(registry: Registry) {
    const queues = this.#queues;
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
    new Gauge({
      name: 'parkade_queue_limit',
      help: 'Entries the queue takes before it refuses or falls back, as the architecture page says for each.',
      labelNames,
      registers: [registry],
      collect() {
        for (const { name, limit } of queues) this.set({ queue: name }, limit);
      },
    });
  }

  /** Watches a queue. `depth` is read at each scrape and must be cheap. */
  add(name: string, limit: number, depth: () => number): void {
    this.#queues.push({ name, limit, depth });
  }
}
