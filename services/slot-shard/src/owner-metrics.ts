import { type Command, type CommandAnswer, Reason } from '@parkade/proto';
import type { LeaseSession, OwnedPartitions } from '@parkade/ownership';
import {
  BATCH_BUCKETS,
  lasting,
  LATENCY_BUCKETS,
  leaseMargin,
  type Queue,
  type Registry,
  watchQueues,
} from '@parkade/telemetry';
import { Counter, Gauge, Histogram } from 'prom-client';
import type { PublisherObserver } from './publisher/index.js';
import type { Shard } from './shard/shard.js';

/** What of a running owner is read at each scrape. */
export interface OwnerState {
  readonly shards: () => Iterable<Shard>;
  readonly ownership: Pick<OwnedPartitions<number>, 'epochOf'>;
  readonly session: Pick<LeaseSession, 'remainingMs'>;
  readonly queues: readonly Queue[];
  /** Tenants whose parked calls are told one by one; those of all others are only in the sum. */
  readonly tenants: readonly string[];
}

type Operation = NonNullable<Command['op']>['$case'];

/** What a slot-shard process measures. Each name is said once, here; units are in the names. */
export class OwnerMetrics implements PublisherObserver {
  readonly #commands: Counter<'operation' | 'outcome'>;
  readonly #children = new Map<Operation, Map<string, Counter.Internal>>();
  readonly #commandSeconds: Histogram;
  readonly #commitSeconds: Histogram;
  readonly #commitOperations: Histogram;
  readonly #lags: Readonly<Record<'event' | 'lamp', Histogram.Internal<'what'>>>;
  readonly #publishFailures: Counter<'why'>;
  readonly #lagging: Counter;
  readonly #noticesDropped: Counter;
  readonly #shardChanges: Counter<'how'>;
  readonly #registry: Registry;

  constructor(registry: Registry) {
    this.#registry = registry;
    const registers = [registry];
    this.#commands = new Counter({
      name: 'parkade_commands_total',
      help: 'Commands answered by this owner, by operation and outcome: done, not_owner, routed, or the reason of a refusal.',
      labelNames: ['operation', 'outcome'],
      registers,
    });
    this.#commandSeconds = new Histogram({
      name: 'parkade_command_seconds',
      help: 'From a command being taken off its stream to its answer, commit included.',
      buckets: LATENCY_BUCKETS,
      registers,
    });
    this.#commitSeconds = new Histogram({
      name: 'parkade_commit_seconds',
      help: 'How long transactions of the store took that were answered.',
      buckets: LATENCY_BUCKETS,
      registers,
    });
    this.#commitOperations = new Histogram({
      name: 'parkade_commit_operations',
      help: 'Operations in one transaction.',
      buckets: BATCH_BUCKETS,
      registers,
    });
    const lag = new Histogram({
      name: 'parkade_publish_lag_seconds',
      help: 'From a transition to its event, or the lamp that shows it, being stored by the bus.',
      labelNames: ['what'],
      buckets: LATENCY_BUCKETS,
      registers,
    });
    this.#lags = { event: lag.labels({ what: 'event' }), lamp: lag.labels({ what: 'lamp' }) };
    this.#publishFailures = new Counter({
      name: 'parkade_publish_failures_total',
      help: 'Publishes the bus did not answer (unavailable: tried again) or refused as wrong (refused: dropped).',
      labelNames: ['why'],
      registers,
    });
    this.#lagging = new Counter({
      name: 'parkade_publish_lagging_total',
      help: "Shards that fell so far behind that their events are read from the store's history.",
      registers,
    });
    this.#noticesDropped = new Counter({
      name: 'parkade_notices_dropped_total',
      help: 'Refusals that were not told as events, as the bus was away.',
      registers,
    });
    this.#shardChanges = new Counter({
      name: 'parkade_shard_changes_total',
      help: 'Shards that came to this owner (claimed, handed-off), were read anew (raised, recovered), or went (drained, lost).',
      labelNames: ['how'],
      registers,
    });
  }

  /** Adds what is read at each scrape. Once. */
  watch({ shards, ownership, session, queues, tenants }: OwnerState): void {
    const registers = [this.#registry];
    const sum = (of: (shard: Shard) => number): number => {
      let total = 0;
      for (const shard of shards()) total += of(shard);
      return total;
    };
    lasting(this.#registry, [
      {
        name: 'parkade_parked_calls',
        help: 'Parks in the slots of the shards this owner serves.',
        read: () => sum((shard) => shard.live.table.parkCount),
      },
      { name: 'parkade_shards_owned', help: 'Shards this owner serves.', read: () => sum(() => 1) },
      leaseMargin('parkade_lease_margin_seconds', session),
    ]);
    new Gauge({
      name: 'parkade_shard_epoch',
      help: 'The epoch under which this owner serves a shard; only shards it serves are shown.',
      labelNames: ['shard'],
      registers,
      collect() {
        this.reset();
        for (const { number } of shards()) this.set({ shard: number }, ownership.epochOf(number) ?? 0);
      },
    });
    if (tenants.length > 0) {
      new Gauge({
        name: 'parkade_tenant_parked_calls',
        help: 'Parks of the tenants that are on the allow list (--metrics-tenants), in the shards this owner serves.',
        labelNames: ['tenant'],
        registers,
        collect() {
          for (const tenant of tenants)
            this.set(
              { tenant },
              sum((shard) => shard.live.table.parkCountOf(tenant)),
            );
        },
      });
    }
    watchQueues(this.#registry, queues);
  }

  commandEnded({ op }: Command, { result }: CommandAnswer, tookMs: number): void {
    const operation = op?.$case ?? 'park';
    const outcome = outcomeOf(result);
    let children = this.#children.get(operation);
    if (children === undefined) this.#children.set(operation, (children = new Map<string, Counter.Internal>()));
    let child = children.get(outcome);
    if (child === undefined) children.set(outcome, (child = this.#commands.labels({ operation, outcome })));
    child.inc();
    this.#commandSeconds.observe(tookMs / 1_000);
  }

  committed(operations: number, tookMs: number): void {
    this.#commitOperations.observe(operations);
    this.#commitSeconds.observe(tookMs / 1_000);
  }

  shardChanged(how: 'claimed' | 'handed-off' | 'raised' | 'recovered' | 'drained' | 'lost'): void {
    this.#shardChanges.inc({ how });
  }

  published(what: 'event' | 'lamp', lagMs: number): void {
    this.#lags[what].observe(lagMs / 1_000);
  }

  failed(why: 'unavailable' | 'refused'): void {
    this.#publishFailures.inc({ why });
  }

  lagging(): void {
    this.#lagging.inc();
  }

  noticeDropped(): void {
    this.#noticesDropped.inc();
  }
}

function outcomeOf(result: CommandAnswer['result']): string {
  switch (result?.$case) {
    case 'refusal':
      return Reason[result.value.reason];
    case 'notOwner':
      return 'not_owner';
    case 'route':
    case 'partFull':
      return 'routed';
    default:
      return 'done';
  }
}
