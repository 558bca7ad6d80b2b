import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { openParkClient } from '@parkade/cli';
import { type Bus, openBus } from '@parkade/bus';
import { SystemClock, SystemRandom } from '@parkade/clock';
import { presenceSubject, type PresenceMessage, STREAMS } from '@parkade/presence';
import { type ParkServiceClient, WatchSlotsRequest, type WatchSlotsResponse } from '@parkade/proto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { park, parkRequest, retrieve, retrieveParkRequest } from './support/calls.js';
import { type RunningEtcd, startEtcd } from './support/etcd.js';
import { startNats, type TestNats } from './support/nats.js';
import { type CliProcess, runCli, startCli } from './support/process.js';
import { openRunbook, type Runbook } from './support/runbook.js';
import { withCluster } from './support/with-cluster.js';

const WITHIN = { timeout: 45_000, interval: 200 };
const SETTINGS = {
  tenants: {
    acme: {
      settings: { recall: { recall_to: 'RING_GROUP_ONLY', ring_group_id: 'desk' } },
      lots: { default: { ranges: [{ first: '701', last: '720' }] } },
      groups: { sales: { members: [{ extension: '201' }, { extension: '202' }] } },
      ring_groups: { desk: { members: [{ extension: '201' }] } },
    },
  },
};

let directory = '';
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'parkade-runbooks-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

describe('on a running cluster', () => {
  const cluster = withCluster({ owners: 2, gateways: 1, shards: 16, settings: SETTINGS });
  const started: CliProcess[] = [];
  afterAll(async () => {
    for (const one of started) one.signal('SIGKILL');
    await Promise.all(started.map((one) => one.ended()));
  });
  const environment = (): Record<string, string> => ({
    PARKADE_ETCD: cluster().etcd,
    PARKADE_NATS: cluster().nats,
    PARKADE_GATEWAY: cluster().addresses[0] ?? '',
    PARKADE_TENANT: 'acme',
    PARKADE_TIMEOUT: '15s',
  });
  const open = (page: string): Promise<Runbook> => openRunbook(page, directory, environment());
  const client = (): ParkServiceClient => {
    const [first] = cluster().clients;
    if (first === undefined) throw new Error('there is no gateway');
    return first;
  };
  const shards = async (): Promise<{ without_owner: number; owners: { member: string; shards: number[] }[] }> => {
    const { stdout } = await runCli(['shards', '--etcd', cluster().etcd, '--json']);
    return JSON.parse(stdout) as Awaited<ReturnType<typeof shards>>;
  };
  const countOf = async (member: string): Promise<number> =>
    (await shards()).owners.find((one) => one.member === member)?.shards.length ?? 0;

  it('growing: an owner more takes its share, and no request fails meanwhile', async () => {
    const page = await open('growing-the-cluster');
    const calls = await during(client(), async () => {
      started.push(page.start('--member-id owner-added', { PARKADE_LEASE_TTL: '2s' }));
      expect(await page.run('until parkade shards')).toMatch(/owner-added +\d+ /);
      await expect.poll(() => countOf('owner-added'), WITHIN).toBeGreaterThanOrEqual(4);
    });
    expect(calls).toEqual({ failed: [], parked: expect.toSatisfy((count: number) => count > 5) as number });
    const gone = await during(client(), async () => {
      started[0]?.signal('SIGTERM');
      expect(await started[0]?.ended()).toBe(0);
      expect(await page.run('"without_owner":\\(')).toBe('0\n');
    });
    expect([gone.failed, page.untried()]).toEqual([[], []]);
  });

  it('upgrading: an owner is replaced by a newer one, and no request fails', async () => {
    const page = await open('upgrade');
    const calls = await during(client(), async () => {
      started.push(page.start('--member-id owner-new', { PARKADE_LEASE_TTL: '2s' }));
      await page.run('until parkade shards');
      await cluster().kill('owner-1', 'SIGTERM');
      await page.run('"without_owner":0');
    });
    expect(calls).toEqual({ failed: [], parked: expect.toSatisfy((count: number) => count > 5) as number });
    expect([await countOf('owner-1'), page.untried()]).toEqual([0, []]);
  });

  it('draining a media node: it is taken out when its last call has gone, and not before', async () => {
    const page = await open('draining-a-media-node');
    await page.run('media-nodes add fs-1');
    const { call, ...request } = parkRequest('acme', '719', 'last');
    const { parkId } = await park(client(), { ...request, call: call && { ...call, mediaNode: 'fs-1' } });
    expect(await page.run('|| true')).toContain(parkId);
    let over = false;
    const waiting = page.run('until slots=').then(() => (over = true));
    await delay(2_500);
    expect(over).toBe(false);
    await retrieve(client(), retrieveParkRequest('acme', parkId, 'phone'));
    await waiting;
    expect(await page.run('media-nodes remove fs-1')).toMatch(/10\.0\.0\.5:5090[^]*fs-1 is not registered any more/);
    expect([await page.run('|| true'), page.untried()]).toEqual(['', []]);
  });

  it('moving a tenant: the other cluster has all of its settings', async () => {
    const other = await startEtcd();
    try {
      const page = await openRunbook('moving-a-tenant', directory, { ...environment(), NEW_ETCD: other.endpoint });
      await page.run('> acme.json');
      await page.run('settings apply');
      await page.run('diff before.json');
      await page.run('until slots=');
      const { stdout } = await runCli(['settings', 'show', '--tenant', 'acme', '--etcd', other.endpoint]);
      expect([JSON.parse(stdout), page.untried()]).toEqual([SETTINGS, []]);
      expect(await runCli(['settings', 'show', '--tenant', 'nobody', '--etcd', other.endpoint])).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('no tenant nobody') as string,
      });
    } finally {
      await other.stop();
    }
  });
});

describe('backup and restore', () => {
  const ends: (() => Promise<unknown>)[] = [];
  afterAll(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });
  let nats: TestNats;
  let bus: Bus;
  beforeAll(async () => {
    nats = await startNats();
    ends.push(() => nats.stop());
    bus = openBus(nats.url, { clock: new SystemClock(), random: new SystemRandom() });
    ends.push(() => bus.close());
  });

  /** An owner and a gateway on an etcd, ended together. */
  const serve = async (etcd: RunningEtcd): Promise<{ client: ParkServiceClient; end: () => Promise<void> }> => {
    const backends = ['--etcd', etcd.endpoint, '--shards', '8', '--port', '0'];
    const processes = [
      startCli('owner', ['slot-shard', ...backends, '--nats', nats.url, '--lease-ttl', '2s']),
      startCli('gateway', ['gateway', ...backends, '--auto-tenants']),
    ];
    const [, address = ''] = (await processes[1]?.printed(/^listening on (\S+)$/m)) ?? [];
    const client = openParkClient(address);
    const end = async (): Promise<void> => {
      client.close();
      for (const one of processes) one.signal('SIGTERM');
      await Promise.all(processes.map((one) => one.ended()));
    };
    ends.push(end);
    return { client, end };
  };
  const lamp = async (slot: string): Promise<string> => {
    const message = await bus
      .last(presenceSubject({ tenantId: 'acme', lotId: 'default', slot }))
      .catch(() => undefined);
    if (message === undefined) return 'never lit';
    return (JSON.parse(Buffer.from(message.payload).toString()) as PresenceMessage).state;
  };

  it('brings calls and lamps back to the backup, and serves no token of the time after it', async () => {
    await bus.ensureStreams(STREAMS);
    const old = await startEtcd();
    ends.push(() => old.stop());
    const page = await openRunbook('backup-and-restore', directory, {
      PARKADE_ETCD: old.endpoint,
      PARKADE_NATS: nats.url,
    });
    const before = await serve(old);
    const { parkId } = await park(before.client, parkRequest('acme', '701', 'kept'));
    await page.run('snapshot save');
    // What the backup does not know: the call went, another came, and revisions went on.
    await retrieve(before.client, retrieveParkRequest('acme', parkId, 'phone'));
    const later = await park(before.client, parkRequest('acme', '702', 'later'));
    await expect.poll(() => Promise.all(['701', '702'].map(lamp)), WITHIN).toEqual(['terminated', 'early']);
    const token = await syncedToken(before.client);
    const tooEarly = ['cluster', 'restored', '--wait', '0s', '--etcd', old.endpoint, '--nats', nats.url];
    expect(await runCli(tooEarly)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Nothing was changed: processes are registered') as string,
    });
    await before.end();
    await old.kill('SIGKILL');

    await page.run('snapshot restore');
    const restored = await startEtcd({ extraArgs: ['--data-dir', join(directory, 'restored')] });
    ends.push(() => restored.stop());
    const PARKADE_ETCD = restored.endpoint;
    expect(await page.run('parkade cluster restored', { PARKADE_ETCD })).toContain('PARKADE_PRESENCE');
    const after = await serve(restored);
    await expect.poll(() => page.run('"without_owner":\\(', { PARKADE_ETCD }), WITHIN).toBe('0\n');
    await expect.poll(() => Promise.all(['701', '702'].map(lamp)), WITHIN).toEqual(['early', 'never lit']);
    expect((await first(after.client, token)).event?.$case).toBe('reset');
    await expect(retrieve(after.client, retrieveParkRequest('acme', later.parkId, 'phone'))).rejects.toThrow();
    expect((await retrieve(after.client, retrieveParkRequest('acme', parkId, 'phone'))).call?.callId).toBe('kept');
    await expect.poll(() => lamp('701'), WITHIN).toBe('terminated');
    expect(page.untried()).toEqual([]);
  });
});

/** Parks and retrieves one call after the other while `act` runs; tells what failed. */
async function during(
  client: ParkServiceClient,
  act: () => Promise<void>,
): Promise<{ readonly failed: readonly string[]; readonly parked: number }> {
  const failed: string[] = [];
  let parked = 0;
  let over = false;
  const worker = async (name: number): Promise<void> => {
    for (let i = 0; !over; i++) {
      try {
        const { parkId } = await park(client, parkRequest('acme', `70${name + 1}`, `call-${name}-${i}`));
        await retrieve(client, retrieveParkRequest('acme', parkId, 'phone'));
        parked++;
      } catch (error) {
        failed.push(String(error));
        return;
      }
      await delay(20);
    }
  };
  const workers = Promise.all([0, 1, 2, 3].map(worker));
  try {
    await act();
  } finally {
    over = true;
    await workers;
  }
  return { failed, parked };
}

/** The token of a watch that has seen everything. */
async function syncedToken(client: ParkServiceClient): Promise<string> {
  const stream = client.watchSlots(WatchSlotsRequest.fromPartial({ tenantId: 'acme' }));
  stream.on('error', () => undefined);
  for await (const answer of stream as AsyncIterable<WatchSlotsResponse>) {
    if (answer.event?.$case !== 'synced') continue;
    stream.cancel();
    return answer.resumeToken;
  }
  throw new Error('the watch ended');
}

/** The first answer to a watch that goes on from a token. */
async function first(client: ParkServiceClient, resumeToken: string): Promise<WatchSlotsResponse> {
  const stream = client.watchSlots(WatchSlotsRequest.fromPartial({ tenantId: 'acme', resumeToken }));
  stream.on('error', () => undefined);
  for await (const answer of stream as AsyncIterable<WatchSlotsResponse>) {
    stream.cancel();
    return answer;
  }
  throw new Error('the watch ended');
}
