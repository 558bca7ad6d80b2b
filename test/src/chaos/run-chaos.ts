import { checkSlots, epochFaults, violations } from '@parkade/checker';
import { SeededRandom } from '@parkade/clock';
import { type Breakage, ChaosCluster } from './chaos-cluster.js';
import { Evidence } from './evidence.js';
import { type Blow, Nemesis } from './nemesis.js';
import { Workload } from './workload.js';

export interface ChaosOptions {
  readonly seed: number;
  /** How long the nemesis strikes. */
  readonly forMs: number;
  readonly clients?: number;
  readonly blows?: readonly Blow[];
  readonly breakage?: Breakage;
  readonly looksApart?: boolean;
  /** How long the shards, and then the events, may take once all is healed. */
  readonly settleMs?: number;
}

export interface ChaosResult {
  /** What must hold and does not. */
  readonly faults: readonly string[];
  readonly blows: readonly string[];
  readonly requests: number;
  readonly unknown: number;
  readonly transitions: number;
}

/** One run of the cluster under faults that `seed` draws, and what the checker says to it. */
export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const { seed, forMs, clients = 10, blows, breakage = {}, looksApart, settleMs = 20_000 } = options;
  const cluster = await ChaosCluster.start(new SeededRandom(seed), breakage);
  const evidence = await Evidence.gather(cluster.store, cluster.bus);
  try {
    const workload = new Workload(cluster.clients, new SeededRandom(seed + 1), { looksApart });
    const nemesis = new Nemesis(cluster, new SeededRandom(seed + 2), blows);
    const working = workload.run(clients);
    await nemesis.strike(forMs);
    await cluster.served(settleMs);
    workload.stop();
    await working;
    await workload.lookAtAll();
    // A broken build may well have some; what is said of it is that its answers are wrong.
    if (options.breakage === undefined) await workload.findStuck();
    const run = { requests: workload.requests, ...(await evidence.judged(settleMs)) };
    const { claims, commits, gaps } = evidence;
    return {
      faults: [
        ...workload.odd,
        ...gaps,
        ...violations(run),
        ...epochFaults(claims, commits),
        ...checkSlots(workload.history),
      ],
      blows: nemesis.done,
      requests: workload.requests.length,
      unknown: workload.history.filter(({ outcome }) => outcome.kind === 'unknown').length,
      transitions: run.transitions.length,
    };
  } finally {
    evidence.close();
    await cluster.stop();
  }
}
