import { performance } from 'node:perf_hooks';
import { SystemClock } from '@parkade/clock';
import { putLot, putTenant } from '@parkade/settings';
import { openEtcdStore } from '@parkade/store';
import { median, ratios, spread } from '../measure/spread.js';
import { type Backends, startBackends } from '../processes/backends.js';
import { served } from '../processes/served.js';
import { atMost, type Figure } from '../result.js';
import { OneCaller } from './one-caller.js';
import { storeCalls, templateOf } from './stored-calls.js';

const TENANT = 'scale';
const FIRST = 100_000;
const SLOTS = 100_000;
/** One shard, so that all of it is taken over together. */
const SHARDS = 1;
const TAKEOVERS = 3;
const ROUNDS = 5;
const PARKS = 100;

/**
 * One shard with 99,999 parked calls in a lot of 100,000 slots: how long it is not served when its owner is killed, and what an automatic
 * choice of the one free slot takes, beside one in an empty lot of that size.
 */
export async function fullLotFigures(): Promise<readonly Figure[]> {
  const backends = await startBackends();
  const store = await openEtcdStore({ endpoints: [backends.etcd.endpoint], clock: new SystemClock() });
  const ends: (() => unknown)[] = [() => store.close()];
  try {
    await putTenant(store, TENANT, {});
    for (const lot of ['full', 'empty']) {
      await putLot(store, TENANT, lot, { ranges: [{ first: String(FIRST), last: String(FIRST + SLOTS - 1) }] });
    }
    const first = await backends.start({ role: 'owner', shards: SHARDS });
    const gateway = await backends.start({ role: 'gateway' });
    await served(first, SHARDS);
    const caller = new OneCaller(gateway.address, backends.token);
    ends.push(() => caller.close());
    const taken = { tenantId: TENANT, lotId: 'full', slot: String(FIRST) };
    const template = await templateOf(store, caller, taken, SHARDS);
    await first.stop();
    const where = { tenants: [TENANT], lotId: 'full', firstSlot: FIRST + 1, perTenant: SLOTS - 2, shards: SHARDS };
    const bytes = await storeCalls(store, template, where);
    console.log(`  ${SLOTS - 1} parked calls of ${bytes.toFixed(0)} bytes in one shard`);
    const takeovers = await takeOver(backends, caller);
    const choice = await choose(caller);
    return [atMost('takeover_ms', median(takeovers), 1_500, 'ms', { spread: spread(takeovers) }), choice];
  } finally {
    for (const end of ends.reverse()) await end();
    await backends.stop();
  }
}

/** Kills the owner, while another one stands by without any shard; resolves to the times from there to the first park, ms. */
async function takeOver(backends: Backends, caller: OneCaller): Promise<readonly number[]> {
  let serving = await backends.start({ role: 'owner' });
  await served(serving, SHARDS);
  const times: number[] = [];
  for (let i = 0; i < TAKEOVERS; i++) {
    const next = await backends.start({ role: 'owner' });
    // Where the shard goes over to the newcomer by itself, he is the one to be killed.
    await caller.release(TENANT, await firstPark(caller));
    await quiet();
    const [dying, left] = (await next.ask('shards', undefined)) === SHARDS ? [next, serving] : [serving, next];
    const startMs = performance.now();
    await dying.kill();
    const parkId = await firstPark(caller);
    times.push(performance.now() - startMs);
    await caller.release(TENANT, parkId);
    serving = left;
  }
  return times;
}

const QUIET_MS = 8_000;

/** Long enough for a newcomer to be given what it shall have. */
function quiet(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, QUIET_MS));
}

async function firstPark(caller: OneCaller): Promise<string> {
  const endMs = performance.now() + 30_000;
  for (;;) {
    try {
      return await caller.park({ tenantId: TENANT, lotId: 'empty' }, 10_000);
    } catch (error) {
      if (performance.now() > endMs) throw error;
    }
  }
}

async function choose(caller: OneCaller): Promise<Figure> {
  const [full, empty]: [number[], number[]] = [[], []];
  for (let round = -1; round < ROUNDS; round++) {
    const [a, b] = [await middlePark(caller, 'full'), await middlePark(caller, 'empty')];
    if (round < 0) continue;
    full.push(a);
    empty.push(b);
  }
  const values = ratios(full, empty);
  const baseline = `in an empty lot ${median(empty).toFixed(2)} ms`;
  return atMost('choice_ratio', median(values), 1.5, 'ratio', { spread: spread(values), baseline });
}

/** The median of parks wherever there is room, each released again, one at a time, ms. */
async function middlePark(caller: OneCaller, lotId: string): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < PARKS; i++) {
    const startMs = performance.now();
    const parkId = await caller.park({ tenantId: TENANT, lotId });
    times.push(performance.now() - startMs);
    await caller.release(TENANT, parkId);
  }
  return median(times);
}
