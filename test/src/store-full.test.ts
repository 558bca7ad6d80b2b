import { execFile } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Reason } from '@parkade/proto';
import { callFailure } from '@parkade/rpc';
import { StoreError } from '@parkade/store';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { park, parkRequest, retrieve, retrieveRequest } from './support/calls.js';
import { type Cluster, startCluster } from './support/cluster.js';

const run = promisify(execFile);
const TENANT = 'acme';
const CHUNK = Buffer.alloc(1_000_000, 7);

let cluster: Cluster;
beforeAll(async () => {
  const settings = { tenants: { [TENANT]: { lots: { default: { any_slot: true } } } } };
  cluster = await startCluster({ etcdArgs: ['--quota-backend-bytes', String(16 * 2 ** 20)], shards: 4, settings });
}, 120_000);
afterAll(() => cluster.stop());

const etcdctl = (...args: string[]) =>
  run('etcdctl', ['--endpoints', cluster.etcd, ...args], { env: { ...process.env, ETCDCTL_API: '3' } });

/** Writes until the store takes no more; resolves to its revision. */
async function fill(): Promise<number> {
  let revision = 0;
  for (let i = 0; i < 64; i++) {
    try {
      const put = { kind: 'put', key: `/junk/${i % 2}`, value: CHUNK } as const;
      ({ revision } = await cluster.store.txn({ compare: [], success: [put] }));
    } catch (error) {
      if (error instanceof StoreError && error.code === 'no-space') return revision;
      throw error;
    }
  }
  throw new Error('the store takes everything');
}

async function outcome(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => 'done',
    (error: unknown) => callFailure(error).reason ?? String(error),
  );
}

describe('a store without space', () => {
  it('is told to callers at once with what to do, keeps what is parked, and is written again once there is room', async () => {
    const client = cluster.clients[0];
    if (client === undefined) throw new Error('there is no gateway');
    await park(client, parkRequest(TENANT, '701', 'waits'));
    const revision = await fill();
    const startedMs = performance.now();
    expect(await outcome(park(client, parkRequest(TENANT, '702', 'refused')))).toBe(Reason.STORE_FULL);
    // Not the caller's deadline: the owner knows.
    expect(performance.now() - startedMs).toBeLessThan(4_000);
    expect(await outcome(retrieve(client, retrieveRequest(TENANT, '701', 'r')))).toBe(Reason.STORE_FULL);

    await etcdctl('compact', String(revision));
    await etcdctl('defrag');
    await etcdctl('alarm', 'disarm');
    const deadlineMs = performance.now() + 30_000;
    let again = await outcome(retrieve(client, retrieveRequest(TENANT, '701', 'r')));
    while (again === Reason.STORE_FULL && performance.now() < deadlineMs) {
      await delay(200);
      again = await outcome(retrieve(client, retrieveRequest(TENANT, '701', 'r')));
    }
    expect(again).toBe('done');
    expect(await outcome(park(client, parkRequest(TENANT, '703', 'later')))).toBe('done');
  });
});
