import { AggregatorRegistry, collectDefaultMetrics, Gauge, Registry } from 'prom-client';

/** Each sample wakes the process, prom-client's own 10 ms a hundred times a second. What is told has this much in it: 100 ms is no lag. */
const LAG_SAMPLED_EVERY_MS = 100;

/**
 * What one process measures: prom-client's own figures (event-loop lag, heap, GC, file descriptors; `process_*`, `nodejs_*`),
 * `parkade_build_info`, and those of the parts that run in it. Each part has a registry of its own; where a process runs several of
 * a kind, as `parkade up` does, their figures are added up (or what their metric says: the least margin of several leases).
 */
export class ProcessMetrics {
  /** The text format's content type. */
  readonly contentType: string;
  readonly #own = new Registry();
  readonly #parts: Registry[] = [];

  constructor(role: string, version: string) {
    this.contentType = this.#own.contentType;
    collectDefaultMetrics({ register: this.#own, eventLoopMonitoringPrecision: LAG_SAMPLED_EVERY_MS });
    new Gauge({
      name: 'parkade_build_info',
      help: 'Always 1; its labels say which role this process plays and which version it is.',
      labelNames: ['role', 'version'],
      registers: [this.#own],
    }).set({ role, version }, 1);
  }

  /** A registry for one part of the process. */
  part(): Registry {
    const registry = new Registry();
    this.#parts.push(registry);
    return registry;
  }

  /** All of it in Prometheus' text format. */
  async text(): Promise<string> {
    const own = await this.#own.metrics();
    const parts = await Promise.all(this.#parts.map((registry) => registry.getMetricsAsJSON()));
    return `${own}\n${await AggregatorRegistry.aggregate(parts).metrics()}`;
  }
}
