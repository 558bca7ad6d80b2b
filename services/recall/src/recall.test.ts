import { SystemClock, SystemRandom } from '@parkade/clock';
import { credentials, type ServiceError } from '@grpc/grpc-js';
import { newParkId } from '@parkade/ids';
import { type ListDeadlinesResponse, RecallServiceClient } from '@parkade/proto';
import { callFailure, silentLog } from '@parkade/rpc';
import { openEmbeddedStore } from '@parkade/store';
import { afterEach, describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS } from './config.js';
import { MediaSimulator } from './media/simulator.js';
import { type Recall, startRecall } from './recall.js';

const clock = new SystemClock();
const random = new SystemRandom();
const closers: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function start(): Promise<{ recall: Recall; client: RecallServiceClient }> {
  const store = await openEmbeddedStore({ clock });
  closers.push(() => store.close());
  const recall = await startRecall(
    {
      memberId: 'recall-1',
      host: '127.0.0.1',
      port: 0,
      version: '1.0.0',
      leaseTtlMs: 2_000,
      limits: { ...DEFAULT_LIMITS, snapshotTimeoutMs: 10 },
    },
    4,
    { store, clock, random, log: silentLog, media: new MediaSimulator(clock), timing: { joinDelayMs: 10 } },
  );
  closers.push(() => recall.close());
  const client = new RecallServiceClient(recall.address, credentials.createInsecure());
  closers.push(() => client.close());
  return { recall, client };
}

const failure = (call: (done: (error: ServiceError | null) => void) => void): Promise<string> =>
  new Promise((resolve) =>
    call((error) => resolve(JSON.stringify([callFailure(error).code, callFailure(error).metadata]))),
  );

describe('a recall process without any owner of slots', () => {
  it('owns its partitions, and lists what it cannot ask for as missing', async () => {
    const { recall, client } = await start();
    await expect.poll(() => recall.ownedPartitions(), { timeout: 5_000 }).toBe(4);
    const answer = await new Promise<ListDeadlinesResponse>((resolve, reject) =>
      client.listDeadlines({ tenantId: 'acme', lotId: '', pageSize: 0, pageToken: '' }, (error, response) => {
        if (error === null) resolve(response);
        else reject(error);
      }),
    );
    expect(answer).toEqual({ deadlines: [], nextPageToken: '', missingShards: 4 });
  });

  it('refuses what makes no sense with the field', async () => {
    const { client } = await start();
    const list = { tenantId: '', lotId: '', pageSize: 0, pageToken: '' };
    expect(await failure((done) => client.listDeadlines(list, done))).toBe('[3,{"field":"tenant_id"}]');
    const paged = { ...list, tenantId: 'acme', pageSize: 1_001 };
    expect(await failure((done) => client.listDeadlines(paged, done))).toBe('[3,{"field":"page_size"}]');
    const parkId = newParkId(clock.nowMs(), 1, random);
    const named = { requestId: '', tenantId: 'acme', parkId };
    const move = { ...named, recallIn: { seconds: 0, nanos: 1_000_000 } };
    expect(await failure((done) => client.moveDeadline(move, done))).toBe('[3,{"field":"recall_in"}]');
    const none = { ...named, recallIn: undefined };
    expect(await failure((done) => client.moveDeadline(none, done))).toBe('[3,{"field":"recall_in"}]');
    const attempt = { ...none, attempt: 0 };
    expect(await failure((done) => client.cancelRecall(attempt, done))).toBe('[3,{"field":"attempt"}]');
    expect(await failure((done) => client.recallNow({ ...named, requestId: 'x' }, done))).toBe('[3,{}]');
    expect(await failure((done) => client.recallNow({ ...named, parkId: 'x' }, done))).toBe('[5,{"park_id":"x"}]');
  });
});
