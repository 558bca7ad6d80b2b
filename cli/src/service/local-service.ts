import type { Blobs } from '@parkade/admin';
import { type Clock, type Random, sleep } from '@parkade/clock';
import type { Authenticator } from '@parkade/identity';
import { createGateway, type Gateway } from '@parkade/gateway';
import { OwnerDirectory, numberedPartitions } from '@parkade/ownership';
import type { Log, Security, Tracer } from '@parkade/rpc';
import { type ProcessMetrics, Registry } from '@parkade/telemetry';
import { DEFAULT_LIMITS, type SlotShard, startSlotShard } from '@parkade/slot-shard';
import type { Backends } from './backends.js';
import { mediaPhones } from './media-phones.js';

export interface LocalServiceConfig {
  readonly host: string;
  /** Port of the first gateway; the others, and 0, take any free one. */
  readonly port: number;
  /** Port of the first gateway's REST API; undefined: it is not served. */
  readonly httpPort?: number | undefined;
  readonly owners: number;
  readonly gateways: number;
  /** As many as the cluster was made with, or is made with now (`settledShardCount`). */
  readonly shardCount: number;
  readonly autoTenants: boolean;
  readonly leaseTtlMs: number;
  readonly version: string;
  /** Names of this process's members begin with it. */
  readonly memberId: string;
  /** Tenants whose parked calls its metrics tell one by one. */
  readonly metricsTenants?: readonly string[] | undefined;
}

export interface LocalServiceDeps extends Pick<Backends, 'store' | 'bus'> {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Default: none. */
  readonly security?: Security | undefined;
  /** Who calls, for what is not gRPC. Default: anybody. */
  readonly authenticator?: Authenticator | undefined;
  /** Where prompt files of tenants are kept. Default: there can be none. */
  readonly blobs?: Blobs | undefined;
  /** Default: nobody asks. */
  readonly metrics?: ProcessMetrics | undefined;
  /** Undefined where traces are off. */
  readonly tracer?: Tracer | undefined;
}

/** How long all shards may take to find their owners. */
const SERVED_WITHIN_MS = 30_000;
const LOOK_EVERY_MS = 20;

/**
 * The whole service in one process: owners and gateways on one store and one bus, talking to each other over gRPC as they do
 * in processes of their own.
 *
 *   L1. What `start` resolves to serves every shard.
 *   L2. What was started is stopped, also when something after it fails to start.
 */
export class LocalService {
  readonly #owners: SlotShard[] = [];
  readonly #gateways: Gateway[] = [];

  private constructor(
    private readonly config: LocalServiceConfig,
    private readonly deps: LocalServiceDeps,
  ) {}

  /** Rejects where an address is taken, the store cannot be used, or not every shard is served within 30 s. */
  static async start(config: LocalServiceConfig, deps: LocalServiceDeps): Promise<LocalService> {
    const service = new LocalService(config, deps);
    try {
      await service.#start();
    } catch (error) {
      await service.close();
      throw error;
    }
    return service;
  }

  /** `host:port` of every gateway, in the order they were started. */
  get addresses(): readonly string[] {
    return this.#gateways.map(({ address }) => address);
  }

  /** `host:port` of the REST API; undefined: it is not served. */
  get httpUrl(): string | undefined {
    return this.#gateways[0]?.httpUrl;
  }

  /** The owners that run, and how many shards each serves. */
  get owners(): readonly { readonly address: string; readonly shards: number }[] {
    return this.#owners.map((owner) => ({ address: owner.address, shards: owner.ownedShards() }));
  }

  /** Ends an owner at once, without a drain: nothing is handed over. Does nothing where none has this address. */
  async killOwner(address: string): Promise<void> {
    const index = this.#owners.findIndex((owner) => owner.address === address);
    const [owner] = index < 0 ? [] : this.#owners.splice(index, 1);
    await owner?.close();
  }

  /** Takes nothing new, finishes what is under way, gives up every shard; at most `graceMs`. */
  async drain(graceMs: number): Promise<void> {
    const { clock } = this.deps;
    const endMs = clock.monotonicMs() + graceMs;
    await Promise.all(this.#gateways.splice(0).map((gateway) => gateway.drain(graceMs)));
    const leftMs = Math.max(0, endMs - clock.monotonicMs());
    await Promise.all(this.#owners.splice(0).map((owner) => owner.drain(leftMs)));
  }

  /** Stops at once. */
  async close(): Promise<void> {
    await Promise.all(this.#gateways.splice(0).map((gateway) => gateway.close()));
    await Promise.all(this.#owners.splice(0).map((owner) => owner.close()));
  }

  async #start(): Promise<void> {
    const { config, deps } = this;
    const { host, version, leaseTtlMs, shardCount, autoTenants } = config;
    for (let i = 1; i <= config.owners; i++) {
      const memberId = `${config.memberId}-owner-${i}`;
      const member = { memberId, host, port: 0, version, leaseTtlMs, limits: DEFAULT_LIMITS };
      this.#owners.push(
        await startSlotShard(member, shardCount, {
          ...deps,
          metrics: { registry: this.#part(), tenants: config.metricsTenants ?? [] },
        }),
      );
    }
    for (let i = 0; i < config.gateways; i++) {
      const port = i === 0 ? config.port : 0;
      this.#gateways.push(
        await createGateway(
          { host, port, httpPort: i === 0 ? config.httpPort : undefined, autoTenants, shardCount },
          { ...deps, metrics: { registry: this.#part() }, phones: mediaPhones(deps) },
        ),
      );
    }
    await this.#served();
  }

  #part(): Registry {
    return this.deps.metrics?.part() ?? new Registry();
  }

  /** Waits until every shard is served by one of ours or, on a shared store, by anybody. */
  async #served(): Promise<void> {
    const { clock } = this.deps;
    const endMs = clock.monotonicMs() + SERVED_WITHIN_MS;
    const report = (what: string, error: unknown): void => this.deps.log.warn(`owners-${what}`, { error });
    const space = numberedPartitions('slot-shard', this.config.shardCount);
    const directory = new OwnerDirectory<number>(space, { ...this.deps, report });
    await directory.start();
    try {
      while (directory.all().size < this.config.shardCount) {
        if (clock.monotonicMs() > endMs) {
          throw new Error(
            `Only ${directory.all().size} of ${this.config.shardCount} shards found an owner within 30 s`,
          );
        }
        await sleep(clock, LOOK_EVERY_MS);
      }
    } finally {
      directory.close();
    }
  }
}
