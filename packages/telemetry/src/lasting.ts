import { Gauge, type Registry } from 'prom-client';

/** A figure that exists anyway and is only read when somebody asks, so that it costs nothing in between. */
export interface Lasting {
  readonly name: string;
  readonly help: string;
  /** What it is now. */
  readonly read: () => number;
  /** Of several parts in one process the least is told, and not the sum. */
  readonly least?: boolean;
}

/** Adds gauges that are read at each scrape. */
export function lasting(registry: Registry, gauges: readonly Lasting[]): void {
  for (const { name, help, read, least } of gauges) {
    new Gauge({
      name,
      help,
      registers: [registry],
      aggregator: least === true ? 'min' : 'sum',
      collect() {
        this.set(read());
      },
    });
  }
}

/** How long the owner of partitions may go on without another keepalive, in seconds; 0: it does nothing that needs its lease. */
export function leaseMargin(name: string, session: { readonly remainingMs: () => number }): Lasting {
  return {
    name,
    help: 'How long this process may go on without another keepalive; 0: it does nothing that needs its lease.',
    read: () => session.remainingMs() / 1_000,
    least: true,
  };
}
