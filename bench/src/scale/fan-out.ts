import { Client, credentials } from '@grpc/grpc-js';
import { median, ratios, spread } from '../measure/spread.js';
import { type Backends, startBackends } from '../processes/backends.js';
import type { BenchProcess } from '../processes/bench-process.js';
import { FAN_OUT } from '../processes/fan-out-service.js';
import { WATCHED_TENANT } from '../processes/run-watchers.js';
import { served } from '../processes/served.js';
import { atMost, type Figure } from '../result.js';
import { OneCaller } from './one-caller.js';

const WATCHERS = Number(process.env['PARKADE_BENCH_WATCHERS'] ?? 10_000);
const ROUNDS = 7;
const SHARDS = 16;
/** Bytes of a slot with a call, with its tag: what the bare server sends. */
const MESSAGE = Buffer.alloc(330, 0x12);

/** One lamp change to 10,000 watchers of one gateway, until the last has it, beside a bare grpc-js server that tells as many. */
export async function fanOutFigures(): Promise<readonly Figure[]> {
  const backends = await startBackends();
  const ends: (() => void)[] = [];
  try {
    const owner = await backends.start({ role: 'owner', shards: SHARDS });
    const gateway = await backends.start({ role: 'gateway' });
    const bare = await backends.start({ role: 'fan-out' });
    await served(owner, SHARDS);
    const caller = new OneCaller(gateway.address, backends.token);
    ends.push(() => caller.close());
    const place = { tenantId: WATCHED_TENANT, lotId: 'default', slot: '101' };
    let parkId = await caller.park(place);
    const [ours, theirs] = [await watching(backends, gateway, 'slots'), await watching(backends, bare, 'bare')];
    const client = new Client(bare.address, credentials.createInsecure());
    ends.push(() => client.close());
    const change = async (): Promise<void> => {
      if (parkId === '') parkId = await caller.park(place);
      else {
        await caller.release(place.tenantId, parkId);
        parkId = '';
      }
    };
    const fire = (): Promise<void> =>
      new Promise((resolve, reject) => {
        const { path, requestSerialize, responseDeserialize } = FAN_OUT.fire;
        client.makeUnaryRequest(path, requestSerialize, responseDeserialize, MESSAGE, (error) => {
          if (error === null) resolve();
          else reject(error);
        });
      });
    const [mine, bares]: [number[], number[]] = [[], []];
    for (let round = -1; round < ROUNDS; round++) {
      const [a, b] = [await lastTold(ours, change), await lastTold(theirs, fire)];
      // The first is to warm up.
      if (round < 0) continue;
      mine.push(a);
      bares.push(b);
    }
    const values = ratios(mine, bares);
    console.log(
      `  ${WATCHERS} watchers: last told after ${median(mine).toFixed(0)} ms; by a bare server ${median(bares).toFixed(0)} ms`,
    );
    const baseline = `bare fan-out ${median(bares).toFixed(0)} ms`;
    return [atMost('fanout_ratio', median(values), 1.5, 'ratio', { spread: spread(values), baseline })];
  } finally {
    for (const end of ends) end();
    await backends.stop();
  }
}

async function watching(backends: Backends, { address }: BenchProcess, kind: 'slots' | 'bare'): Promise<BenchProcess> {
  const watchers = await backends.start({ role: 'watchers' });
  await watchers.ask('watch', { address, kind, count: WATCHERS });
  return watchers;
}

/** From a change being asked for to the last watcher having it, ms. */
async function lastTold(watchers: BenchProcess, change: () => Promise<void>): Promise<number> {
  const told = watchers.ask('told', undefined);
  // Behind the question, on the same channel.
  await watchers.ask('cpu', undefined);
  const startMs = Date.now();
  await change();
  return (await told) - startMs;
}
