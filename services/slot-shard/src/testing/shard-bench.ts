import { SystemClock, SystemRandom } from '@parkade/clock';
import { keys } from '@parkade/ids';
import { type Command, Command as CommandMessage, type CommandAnswer, type SlotRecord } from '@parkade/proto';
import { silentLog } from '@parkade/rpc';
import { putLot, putTenant, SettingsCache } from '@parkade/settings';
import { openEmbeddedStore, type Store, type Txn, type TxnResult } from '@parkade/store';
import { Committer } from '../commit/committer.js';
import { ReadFence } from '../commit/fence.js';
import { RevisionFloor } from '../commit/revision-floor.js';
import { DEFAULT_LIMITS, type SlotShardLimits } from '../config.js';
import { OwnerQuotas } from '../quotas/owner-quotas.js';
import { loadShard } from '../shard/image.js';
import { Shard, type ShardDeps } from '../shard/shard.js';
import { Upkeep } from '../upkeep/upkeep.js';

export const BENCH_SHARDS = 8;

/** A change as the shard told it. */
export interface ToldChange {
  readonly shard: number;
  readonly key: string;
  readonly record: SlotRecord;
  readonly revision: number;
}

/** Stands between a process and its store: what it returns is the answer. */
export type Between = (txn: Txn, pass: () => Promise<TxnResult>) => Promise<TxnResult>;

/** One process's shards on a store that a test can hold up, without sockets or leases. */
export class ShardBench {
  readonly clock = new SystemClock();
  readonly told: ToldChange[] = [];
  /** What was refused for want of room: `acme lot-full default`. */
  readonly failures: string[] = [];
  readonly floor = new RevisionFloor();
  readonly shards = new Map<number, Shard>();
  readonly limits: SlotShardLimits;
  /** Replaced by a test: what becomes of each transaction. */
  between: Between = (_, pass) => pass();
  /** Replaced by a test: runs before the epoch of a shard is raised. */
  beforeRaise: () => Promise<void> = () => Promise.resolve();
  readonly store: Store;
  readonly settings: SettingsCache;
  readonly #committer: Committer;
  readonly #fence: ReadFence;
  readonly quotas: OwnerQuotas;
  readonly #name = `bench-${Math.random()}`;

  private constructor(
    readonly inner: Store,
    limits: Partial<SlotShardLimits>,
  ) {
    this.limits = { ...DEFAULT_LIMITS, ...limits };
    this.store = {
      ...bound(inner),
      txn: (txn, options) => this.between(txn, () => inner.txn(txn, options)),
    };
    this.settings = new SettingsCache({}, { store: inner, clock: this.clock });
    this.quotas = new OwnerQuotas({ settings: this.settings, refused: () => undefined });
    this.#committer = new Committer(this.store, this.clock, this.floor, this.limits);
    this.#fence = new ReadFence(this.store, this.clock, this.limits.transactionTimeoutMs);
  }

  /** A store with the tenant `acme` and its lots `default` and `vip`, and a bench of no shards. */
  static async start(limits: Partial<SlotShardLimits> = {}): Promise<ShardBench> {
    const store = await openEmbeddedStore({ clock: new SystemClock() });
    await putTenant(store, 'acme', {});
    await putLot(store, 'acme', 'default', { ranges: [{ first: '701', last: '720' }], any_slot: true });
    await putLot(store, 'acme', 'vip', { ranges: [{ first: '1', last: '9' }] });
    return ShardBench.beside(store, limits);
  }

  /** Another process on the same store. */
  static async beside(store: Store, limits: Partial<SlotShardLimits> = {}): Promise<ShardBench> {
    const bench = new ShardBench(store, limits);
    await bench.settings.start();
    return bench;
  }

  /** Claims a shard, whoever has it, and serves it. */
  async own(number: number): Promise<Shard> {
    const epoch = await this.claim(number);
    const { limits } = this;
    const config = { memberId: 'bench', host: '', port: 0, version: '', leaseTtlMs: 1, limits };
    const shard = new Shard(number, BENCH_SHARDS, config, this.deps());
    this.shards.set(number, shard);
    shard.install(await loadShard({ ...this.deps(), store: this.inner }, number, 15), epoch);
    return shard;
  }

  /** What the shards of this process share. */
  deps(): ShardDeps {
    return {
      store: this.store,
      clock: this.clock,
      random: new SystemRandom(),
      log: silentLog,
      settings: this.settings,
      committer: this.#committer,
      floor: this.floor,
      fence: this.#fence,
      quotas: this.quotas,
      changed: ({ number: shard }, key, record, revision) => void this.told.push({ shard, key, record, revision }),
      failed: (tenantId, { reason, data }) => void this.failures.push(`${tenantId} ${reason} ${data['lot_id'] ?? ''}`),
      due: () => undefined,
      recovered: () => undefined,
      ownership: {
        hint: () => undefined,
        raiseEpoch: async (number) => {
          await this.beforeRaise();
          return this.claim(number);
        },
        confirmLost: async (number) => {
          const owner = await this.inner.get(keys.owner('slot-shard', number));
          const lost = owner === undefined || Buffer.from(owner.value).toString() !== this.#name;
          if (lost) this.shards.get(number)?.lose();
          return lost;
        },
      },
    };
  }

  /** Writes the owner key of a shard; resolves to the epoch. */
  async claim(number: number): Promise<number> {
    const key = keys.owner('slot-shard', number);
    const put = { kind: 'put', key, value: Buffer.from(this.#name) } as const;
    return (await this.inner.txn({ compare: [], success: [put] })).revision;
  }

  send(shard: number, op: NonNullable<Command['op']>, more: Partial<Command> = {}): Promise<CommandAnswer> {
    const command = { ...CommandMessage.create(), timeoutMs: 5_000, fingerprint: 1, ...more, shard, op };
    return new Promise((reply) => {
      this.shards.get(shard)?.submit({ command, deadlineMs: this.clock.monotonicMs() + command.timeoutMs, reply });
    });
  }

  upkeep(limits: Partial<SlotShardLimits> = {}, published: () => number | 'all' = () => 'all'): Upkeep {
    return new Upkeep(
      { ...this.limits, ...limits },
      { clock: this.clock, log: silentLog, publishedRevision: published },
    );
  }

  async close(): Promise<void> {
    for (const shard of this.shards.values()) shard.lose();
    this.settings.close();
    await this.inner.close();
  }
}

/** A promise and what resolves it. */
export function gate<T = void>(): { readonly opened: Promise<T>; readonly open: (value: T) => void } {
  let open: (value: T) => void = () => undefined;
  const opened = new Promise<T>((resolve) => (open = resolve));
  return { opened, open };
}

/** Whether a transaction writes a slot record. */
export function writesSlot(txn: Txn): boolean {
  return txn.success.some((op) => op.kind === 'put' && op.key.includes('/slots/'));
}

function bound(store: Store): Store {
  return {
    get: (key, options) => store.get(key, options),
    range: (range, options) => store.range(range, options),
    txn: (txn, options) => store.txn(txn, options),
    grantLease: (ttlMs, options) => store.grantLease(ttlMs, options),
    keepAlive: (leaseId, options) => store.keepAlive(leaseId, options),
    revokeLease: (leaseId, options) => store.revokeLease(leaseId, options),
    watch: (range, fromRevision, handlers) => store.watch(range, fromRevision, handlers),
    compact: (revision, options) => store.compact(revision, options),
    close: () => store.close(),
  };
}
