import { status } from '@grpc/grpc-js';
import type { RpcObserver } from '@parkade/rpc';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { LATENCY_BUCKETS } from './buckets.js';

/** Rate, errors and duration of every RPC a process serves, by method (`parkade.park.v1.ParkService/Park`) and status code. */
export class RpcMetrics implements RpcObserver {
  readonly #ended: Counter<'method' | 'code'>;
  readonly #seconds: Histogram<'method'>;
  readonly #streams: Gauge<'method'>;
  /** Children of the counters by method and code: looking one up by its labels costs ten times as much as counting. */
  readonly #endedBy = new Map<string, Map<status, Counter.Internal>>();
  readonly #secondsBy = new Map<string, Histogram.Internal<'method'>>();

  constructor(registry: Registry) {
    const registers = [registry];
    this.#ended = new Counter({
      name: 'parkade_rpc_ended_total',
      help: 'RPCs that ended, by method and status code; a stream counts once, when it ends.',
      labelNames: ['method', 'code'],
      registers,
    });
    this.#seconds = new Histogram({
      name: 'parkade_rpc_seconds',
      help: 'How long unary RPCs took, from the decoded request to the answer.',
      labelNames: ['method'],
      buckets: LATENCY_BUCKETS,
      registers,
    });
    this.#streams = new Gauge({
      name: 'parkade_rpc_streams',
      help: 'Streaming RPCs that are open now.',
      labelNames: ['method'],
      registers,
    });
  }

  ended(method: string, code: status, tookMs: number): void {
    this.#count(method, code);
    let seconds = this.#secondsBy.get(method);
    if (seconds === undefined) this.#secondsBy.set(method, (seconds = this.#seconds.labels({ method })));
    seconds.observe(tookMs / 1_000);
  }

  streamOpened(method: string): void {
    this.#streams.inc({ method });
  }

  streamEnded(method: string, code: status): void {
    this.#streams.dec({ method });
    this.#count(method, code);
  }

  #count(method: string, code: status): void {
    let codes = this.#endedBy.get(method);
    if (codes === undefined) this.#endedBy.set(method, (codes = new Map<status, Counter.Internal>()));
    let ended = codes.get(code);
    if (ended === undefined) codes.set(code, (ended = this.#ended.labels({ method, code: status[code] })));
    ended.inc();
  }
}
