import { SystemClock } from '@parkade/clock';
import { putQuotas } from '@parkade/settings';
import { openEtcdStore } from '@parkade/store';
import { median, ratios, spread } from '../measure/spread.js';
import { startBackends } from '../processes/backends.js';
import type { BenchProcess } from '../processes/bench-process.js';
import type { Load, LoadResult } from '../processes/messages.js';
import { LOAD_TENANTS } from '../processes/requests.js';
import { served } from '../processes/served.js';
import { atLeast, atMost, type Figure } from '../result.js';

const VICTIM = 'victim';
const AGGRESSOR = 'aggressor';

/** Requests a second that each of both tenants may send. */
const LIMIT = 40;
/** What the aggressor sends of it. */
const TIMES = 10;
/** The victim stays below its limit. */
const VICTIM_RATE = 30;

const SHARDS = 16;
const ROUNDS = 4;
const ROUND_MS = 8_000;
/** Until connections are there, and the flood has used up the burst that it may send at once after a pause. */
const LEAD_IN_MS = 1_000;
const WARM_UP_MS = 6_000;

/**
 * What one tenant's requests take while it is alone, and while another one sends ten times what it may: in turn, alone and beside,
 * round after round, so that whatever else the machine does it does to both. A refusal is an answer: the aggressor goes on at once. The
 * flood is measured when it has lasted a second: before, it sends what it may send at once after a pause (`request_burst`).
 */
export async function fairnessSection(): Promise<readonly Figure[]> {
  const backends = await startBackends();
  try {
    const owner = await backends.start({ role: 'owner', shards: SHARDS });
    const gateway = await backends.start({ role: 'gateway', shards: SHARDS });
    const load = async (...tenants: readonly string[]): Promise<BenchProcess> =>
      backends.start({ role: 'load', token: await backends.tokenFor(tenants) });
    const [victim, aggressor] = [await load(VICTIM), await load(AGGRESSOR, ...LOAD_TENANTS)];
    await served(owner, SHARDS);
    await setQuotas(backends.etcd.endpoint);
    const at = (tenantId: string, perSecond: number, ms: number): Load => ({
      ...{ kind: 'unary-park', address: gateway.address, inFlight: 64, ms, perSecond, tenantId, leadInMs: LEAD_IN_MS },
    });
    const flood = (ms: number): Promise<LoadResult> => run(aggressor, at(AGGRESSOR, LIMIT * TIMES, ms));
    const ask = (ms: number): Promise<LoadResult> => run(victim, at(VICTIM, VICTIM_RATE, ms));
    // Processes that have done little are slow by themselves: first they do much, of tenants that nothing bounds.
    await run(aggressor, { kind: 'unary-park', address: gateway.address, inFlight: 64, ms: WARM_UP_MS });
    await Promise.all([ask(WARM_UP_MS / 2), flood(WARM_UP_MS / 2)]);
    const [alone, beside, refused]: [LoadResult[], LoadResult[], number[]] = [[], [], []];
    for (let round = 0; round < ROUNDS; round++) {
      alone.push(answered(await ask(ROUND_MS)));
      const [mine, theirs] = await Promise.all([ask(ROUND_MS), flood(ROUND_MS)]);
      beside.push(answered(mine));
      refused.push(theirs.failed / theirs.operations);
    }
    const times = ratios(
      beside.map(({ p99Ms }) => p99Ms),
      alone.map(({ p99Ms }) => p99Ms),
    );
    const [aloneMs, besideMs] = [p99(alone), p99(beside)];
    const baseline = `p99 alone ${aloneMs.toFixed(1)} ms, beside ${besideMs.toFixed(1)} ms, of all rounds together`;
    return [
      atMost('fairness-p99-ratio', besideMs / aloneMs, 1.5, 'times', { spread: spread(times), baseline }),
      atLeast('fairness-refused', median(refused), 0.5, 'of flood', { spread: spread(refused) }),
    ];
  } finally {
    await backends.stop();
  }
}

function run(process: BenchProcess, load: Load): Promise<LoadResult> {
  return process.ask('run', load);
}

/** Throws where the victim was refused: then it was not measured. */
function answered(result: LoadResult): LoadResult {
  const { failed, operations, firstFailure } = result;
  if (failed > 0) throw new Error(`${failed} of the ${operations} requests of the victim failed: ${firstFailure}`);
  return result;
}

/** Of all rounds together, in ms: a round alone has a few hundred requests, of which two or three decide its own. */
function p99(rounds: readonly LoadResult[]): number {
  const slowest = rounds.flatMap(({ slowestMs = [] }) => slowestMs).sort((a, b) => b - a);
  const operations = rounds.reduce((sum, round) => sum + round.operations, 0);
  return slowest[Math.floor(operations / 100)] ?? NaN;
}

async function setQuotas(endpoint: string): Promise<void> {
  const store = await openEtcdStore({ endpoints: [endpoint], clock: new SystemClock() });
  try {
    for (const tenantId of [VICTIM, AGGRESSOR]) {
      const written = await putQuotas(store, tenantId, { requests_per_second: LIMIT });
      if (!written.ok) throw new Error(JSON.stringify(written));
    }
  } finally {
    await store.close();
  }
}
