import { setTimeout as delay } from 'node:timers/promises';
import { checkSlots, epochFaults, recallFaults, type Request, violations } from '@parkade/checker';
import type { Random } from '@parkade/clock';
import { keys } from '@parkade/ids';
import { Owner } from '@parkade/proto';
import { prefixRange } from '@parkade/store';
import {
  type Cluster,
  type ClusterOptions,
  type Evidence,
  Network,
  startCluster,
  Workload,
  WORKLOAD_LOTS,
} from '@parkade/test';
import { LEASE_TTL_MS } from '../figures.js';
import type { Findings, RowContext, RowResult, Samples } from '../row.js';
import { lampsRight } from './lamps-check.js';
import { overdueRecalls } from './overdue.js';
import { Probe, tenantsOfShards } from './probe.js';
import { Witness } from './witness.js';

export const SHARDS = 16;
const TENANTS = ['acme', 'beta', 'coral', 'delta'];
const CLIENTS = 10;
const PAUSE_MS = 60;
/** How long a machine that is busy may take, once nothing is broken any more. */
const RECOVERS_WITHIN_MS = 60_000;

/** Longer than shards wait after a change of members until they move. */
const AT_REST_MS = 3_000;

export interface ParksRunOptions {
  readonly cluster?: Omit<ClusterOptions, 'network' | 'settings' | 'shards'>;
  /** Puts wires between all parts. */
  readonly wired?: boolean;
  /** The workload is this many clients; 0: none, the row brings its own load. */
  readonly clients?: number;
  /** The workload begins when the attack is over. */
  readonly worksAfter?: boolean;
}

/** A cluster of real processes under load, for a row to attack. */
export class ParksRun {
  readonly #probes: Probe[] = [];
  readonly #extra: Request[] = [];
  readonly #found: string[] = [];
  #samples: Samples = {};
  readonly #probeTenants = tenantsOfShards(SHARDS);

  #witness: Witness;

  private constructor(
    readonly cluster: Cluster,
    witness: Witness,
    private readonly context: RowContext,
    private readonly net: Network | undefined,
  ) {
    this.#witness = witness;
  }

  /** Starts a cluster and a workload, lets `attack` do its worst, heals everything, and judges. */
  static async under(
    context: RowContext,
    options: ParksRunOptions,
    attack: (run: ParksRun) => Promise<void>,
  ): Promise<RowResult> {
    const network = options.wired === true ? new Network() : undefined;
    const settings = settingsOf([...TENANTS, ...tenantsOfShards(SHARDS)]);
    const common = { owners: 3, gateways: 2, recalls: 1, leaseTtlMs: LEASE_TTL_MS, autoTenants: false };
    const own = network === undefined ? {} : { network };
    const cluster = await startCluster({ ...common, ...options.cluster, ...own, shards: SHARDS, settings });
    let run: ParksRun | undefined;
    try {
      run = new ParksRun(cluster, await Witness.of(cluster), context, network);
      return await run.#play(options, attack);
    } catch (error) {
      process.stderr.write(`${cluster.logs()}\n`);
      throw error;
    } finally {
      if (run !== undefined) await run.#witness.close();
      await cluster.stop();
    }
  }

  /** What testifies of the run. */
  get evidence(): Evidence {
    return this.#witness.evidence;
  }

  /** The bus lost what it had: events of whatever was committed by now may be missing. */
  async busLostEvents(): Promise<void> {
    const { revision } = await this.cluster.store.range(prefixRange(keys.meta));
    this.evidence.excuseEvents(revision);
  }

  /** The store has another history now: what testified of the one before counts no more. */
  async beginsAnew(): Promise<void> {
    await this.#witness.close();
    this.#witness = await Witness.of(this.cluster);
    const { kvs } = await this.cluster.store.range(prefixRange(keys.shards));
    this.evidence.excuseEvents(Math.max(0, ...kvs.map(({ modRevision }) => modRevision)));
  }

  get random(): Random {
    return this.context.random;
  }

  /** Of a short selection. */
  get brief(): boolean {
    return this.context.brief;
  }

  say(text: string): void {
    this.context.say(text);
  }

  /** The wires, of a run that has them. */
  get network(): Network {
    if (this.net === undefined) throw new Error('this run has no wires');
    return this.net;
  }

  /** Begins to park and retrieve on every shard, until `during` is over. */
  async probing<T>(during: (probe: Probe) => Promise<T>): Promise<T> {
    const probe = new Probe(this.cluster.clients, this.#probeTenants);
    this.#probes.push(probe);
    try {
      await probe.servedAgain(allShards(), performance.now(), RECOVERS_WITHIN_MS);
      return await during(probe);
    } finally {
      await probe.stop();
    }
  }

  /** Requests that a row made itself, to be judged with the others. */
  judge(requests: readonly Request[]): void {
    this.#extra.push(...requests);
  }

  /** What a row measured. */
  measure(samples: Samples): void {
    this.#samples = samples;
  }

  /** Something that must not be. */
  wrong(text: string): void {
    this.#found.push(text);
  }

  /** Whose each shard is now. */
  async owners(): Promise<ReadonlyMap<number, string>> {
    const { kvs } = await this.cluster.store.range(prefixRange(keys.owners('slot-shard')));
    return new Map(kvs.map(({ key, value }) => [Number(key.split('/').at(-1)), Owner.decode(value).memberId]));
  }

  async shardsOf(owner: string): Promise<readonly number[]> {
    return [...(await this.owners())].filter(([, name]) => name === owner).map(([shard]) => shard);
  }

  /** Resolves when every shard is served, and every owner that runs has some. */
  async balanced(): Promise<void> {
    await this.cluster.served(RECOVERS_WITHIN_MS);
    const endMs = performance.now() + RECOVERS_WITHIN_MS;
    for (;;) {
      const having = new Set((await this.owners()).values());
      if (this.cluster.running('owner').every((name) => having.has(name))) return;
      if (performance.now() > endMs) throw new Error('an owner gets no shards');
      await delay(50);
    }
  }

  /** Resolves when every shard is served, and none has moved for so long that none is about to. */
  async atRest(): Promise<void> {
    await this.balanced();
    const endMs = performance.now() + RECOVERS_WITHIN_MS;
    let [last, sinceMs] = ['', performance.now()];
    while (performance.now() - sinceMs < AT_REST_MS) {
      const now = JSON.stringify([...(await this.owners())].sort(([a], [b]) => a - b));
      if (now !== last) [last, sinceMs] = [now, performance.now()];
      if (performance.now() > endMs) throw new Error('shards move on and on');
      await delay(100);
    }
  }

  async #play(options: ParksRunOptions, attack: (run: ParksRun) => Promise<void>): Promise<RowResult> {
    const { cluster, random } = this;
    const { worksAfter = false, clients = CLIENTS } = options;
    const workload = new Workload(cluster.clients, random, {
      tenants: TENANTS,
      pauseMs: PAUSE_MS,
      recalls: cluster.running('recall').length > 0,
      persists: true,
    });
    let working = worksAfter ? undefined : workload.run(clients);
    if (clients > 0 && !worksAfter) await warm(workload);
    await attack(this);
    await this.net?.heal();
    await cluster.served(RECOVERS_WITHIN_MS);
    working ??= workload.run(clients);
    if (worksAfter) await warm(workload);
    const healedAt = performance.now();
    await delay(this.brief ? 500 : 1_500);
    workload.stop();
    await working;
    const sinceMs = Math.max(healedAt, performance.now());
    const { lamps, evidence } = this.#witness;
    const { tookMs, wrong } = await lampsRight(cluster.store, lamps, sinceMs, RECOVERS_WITHIN_MS);
    if (clients > 0) {
      await workload.lookAtAll();
      await workload.findStuck();
    }
    const overdue = cluster.running('recall').length > 0 ? await overdueRecalls(cluster.store, RECOVERS_WITHIN_MS) : [];
    const run = await evidence.judged(RECOVERS_WITHIN_MS);
    const requests = [...workload.requests, ...this.#extra, ...this.#probes.flatMap((probe) => probe.requests)];
    const unknown = workload.history.filter(({ outcome }) => outcome.kind === 'unknown').length;
    this.say(`${requests.length} requests, ${unknown} of unknown outcome, ${run.transitions.length} transitions`);
    const odd = [...workload.odd, ...this.#found, ...this.#probes.flatMap((probe) => probe.odd)];
    const findings: Findings = {
      lost: violations({ requests, ...run }),
      unlinear: checkSlots(workload.history),
      other: [
        ...odd,
        ...evidence.gaps,
        ...epochFaults(evidence.claims, evidence.commits),
        ...recallFaults(evidence.recalls),
        ...wrong,
        ...overdue,
      ],
    };
    return { findings, samples: { ...this.#samples, lampsMs: [tookMs] }, requests: requests.length };
  }
}

/** The shards of the cluster of a run. */
export function allShards(): readonly number[] {
  return Array.from({ length: SHARDS }, (_, shard) => shard);
}

/** Resolves when the load has come up, so that a fault strikes a cluster at work. */
async function warm(workload: Workload): Promise<void> {
  const endMs = performance.now() + RECOVERS_WITHIN_MS;
  while (workload.requests.length < 5 * CLIENTS && performance.now() < endMs) await delay(20);
}

function settingsOf(tenants: readonly string[]): unknown {
  return { tenants: Object.fromEntries(tenants.map((tenant) => [tenant, { lots: WORKLOAD_LOTS }])) };
}
