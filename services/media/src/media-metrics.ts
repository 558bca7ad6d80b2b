import type { Clock } from '@parkade/clock';
import type { LeaseSession } from '@parkade/ownership';
import { lasting, LATENCY_BUCKETS, leaseMargin, type Queue, type Registry, watchQueues } from '@parkade/telemetry';
import { Counter, Gauge, Histogram } from 'prom-client';
import type { SwitchCommands } from './switch/node-switch.js';

/** What of a running media process is read at each scrape. */
export interface MediaState {
  readonly nodes: () => Iterable<{
    readonly name: string;
    readonly up: boolean;
    readonly mayRecover: boolean;
    readonly parkedCalls: number;
  }>;
  readonly session: Pick<LeaseSession, 'remainingMs'>;
  readonly queues: readonly Queue[];
}

/** What a media process measures besides its RPCs. Nodes are few, so each has its label. */
export class MediaMetrics {
  readonly #seconds: Histogram<'node' | 'how'>;
  readonly #failed: Counter<'node' | 'reason'>;

  constructor(private readonly registry: Registry) {
    const registers = [registry];
    this.#seconds = new Histogram({
      name: 'parkade_esl_command_seconds',
      help: 'From a command being given to its result: `api` for reads, `bgapi` for jobs.',
      labelNames: ['node', 'how'],
      buckets: LATENCY_BUCKETS,
      registers,
    });
    this.#failed = new Counter({
      name: 'parkade_esl_failures_total',
      help: 'Commands without a good result: refused by the switch, timed out, or not sent.',
      labelNames: ['node', 'reason'],
      registers,
    });
  }

  /** Adds what is read at each scrape. Once. */
  watch({ nodes, session, queues }: MediaState): void {
    const registers = [this.registry];
    new Gauge({
      name: 'parkade_esl_up',
      help: 'Whether an owned media node can be commanded: 1, or 0. Only nodes this process owns are shown.',
      labelNames: ['node'],
      registers,
      collect() {
        this.reset();
        for (const { name, up } of nodes()) this.set({ node: name }, up ? 1 : 0);
      },
    });
    new Gauge({
      name: 'parkade_media_parked_calls',
      help: 'Calls parked at an owned media node, as far as this process knows.',
      labelNames: ['node'],
      registers,
      collect() {
        this.reset();
        for (const { name, parkedCalls } of nodes()) this.set({ node: name }, parkedCalls);
      },
    });
    new Gauge({
      name: 'parkade_media_recovering',
      help: 'Whether an owned media node may bring calls back since it was started: 1, or 0. As long as it may, no slot of a caller who is not there is freed.',
      labelNames: ['node'],
      registers,
      collect() {
        this.reset();
        for (const { name, mayRecover } of nodes()) this.set({ node: name }, mayRecover ? 1 : 0);
      },
    });
    watchQueues(this.registry, queues);
    lasting(this.registry, [leaseMargin('parkade_media_lease_margin_seconds', session)]);
  }

  /** The same commands, measured. */
  timed(node: string, commands: SwitchCommands, clock: Clock): SwitchCommands {
    const seconds = {
      api: this.#seconds.labels({ node, how: 'api' }),
      bgapi: this.#seconds.labels({ node, how: 'bgapi' }),
    };
    const measured = async <T extends { readonly ok: boolean; readonly reason?: string }>(
      how: 'api' | 'bgapi',
      result: Promise<T>,
    ): Promise<T> => {
      const startedMs = clock.monotonicMs();
      const settled = await result;
      seconds[how].observe((clock.monotonicMs() - startedMs) / 1_000);
      if (!settled.ok) this.#failed.inc({ node, reason: settled.reason ?? 'unknown' });
      return settled;
    };
    return {
      get isUp() {
        return commands.isUp;
      },
      nudge: () => commands.nudge(),
      api: (...args) => measured('api', commands.api(...args)),
      bgapi: (...args) => measured('bgapi', commands.bgapi(...args)),
      command: (...args) => measured('api', commands.command(...args)),
    };
  }
}
